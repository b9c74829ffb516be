"""The fresh machine of CI (`.ci/fresh`) where none can be made: a word, and no failure."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / ".ci" / "fresh"


def test_without_root_no_fresh_machine_is_made_and_a_line_says_so(tmp_path: Path) -> None:
    nobody = {} if os.geteuid() else {"user": 65534}
    cache = tmp_path / "cache"
    done = subprocess.run(
        ["bash", "-s"],
        cwd="/",
        env={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache)},
        input=SCRIPT.read_text(),
        capture_output=True,
        text=True,
        check=False,
        **nobody,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "left out: make demo and make test on a fresh machine: only root can make one\n"
    assert not cache.exists()
