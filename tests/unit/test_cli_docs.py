"""docs/cli.md is what the commands say of themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from policyd.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_is_up_to_date(checkout: Path) -> None:
    script = checkout / "scripts/generate-cli-docs"
    found = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stderr) == (0, "")


def test_the_page_has_a_section_for_each_command(checkout: Path) -> None:
    headings = re.findall(r"^#{3,4} policyd (.+)$", (checkout / "docs/cli.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert [heading for heading in headings if " " not in heading] == [entry.name for entry in COMMANDS]
    assert {"params list", "params set", "params unset"} < set(headings)
