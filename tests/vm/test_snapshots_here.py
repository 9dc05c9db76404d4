"""Snapshots on this kernel: what there is when somebody reads."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from inside import Shell, prepared


def rows(shell: Shell, rule: str) -> list[dict[str, Any]]:
    (item,) = json.loads(shell.run("get", "records", f"snapshots/{rule}", "-o", "json").stdout)["items"]
    found: list[dict[str, Any]] = item["rows"]
    return found


def test_what_there_is_is_shown_and_what_is_gone_is_not(shell: Shell) -> None:
    absent = [rule for rule in ("groups",) if rule in prepared()["cases"]["snapshots"]["not_applicable"]]
    with shell.case("snapshots", absent=absent):
        with tempfile.NamedTemporaryFile(prefix="pd-snapshot-") as file:
            mine = {"pid": os.getpid(), "fd": file.fileno(), "path": file.name}
            assert mine in rows(shell, "open-files")
        assert mine not in rows(shell, "open-files")
        assert absent or {"level": 0} in rows(shell, "groups")
