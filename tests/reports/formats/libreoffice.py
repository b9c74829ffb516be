"""Recalculating workbooks with LibreOffice, many in one go."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def recalculated(packages: Mapping[str, bytes], folder: Path) -> dict[str, Path]:
    """Each workbook as LibreOffice saves it after recalculating every formula."""
    profile, before, after = folder / "profile", folder / "before", folder / "after"
    for path in (profile / "user", before, after):
        path.mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE)
    sources = []
    for name, package in packages.items():
        sources.append(before / f"{name}.xlsx")
        sources[-1].write_bytes(package)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--convert-to", "xlsx",
         "--outdir", str(after), *map(str, sources)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return {name: after / f"{name}.xlsx" for name in packages}
