"""What all tests share: golden files, and the command that renews them: `pytest -k golden --renew-golden`."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew; read the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compares bytes with the golden file of a name, or writes it under `--renew-golden`."""

    def compare(name: str, found: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--renew-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found)
            return
        assert path.is_file(), f"no golden file {name}; write it: pytest -k golden --renew-golden"
        expected = path.read_bytes()
        assert found.decode().splitlines() == expected.decode().splitlines()  # a readable difference first
        assert found == expected

    return compare
