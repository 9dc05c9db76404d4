"""Hooks in programs and libraries on this kernel: with a link a place before 6.6, with one for all since then."""

from __future__ import annotations

import subprocess
from pathlib import Path

from inside import ROOT, Shell, version
from shell import PRELUDE

PYTHON = "/usr/bin/python3"
"""The distribution's, which has probes; the interpreter that runs this suite may have none."""
CALLS = """
for text in (b"42", b"-7"):
    libc.atoi(text)
libc.atol(b"99")
try:
    import pd_not_there
except ImportError:
    pass
"""


def test_functions_and_probes_of_user_space_are_seen(shell: Shell) -> None:
    with shell.case("userland"):
        kinds = {path.name.partition("-")[0] for path in Path(ROOT, "hooks").iterdir()}
        assert kinds == ({"uprobe"} if version() < (6, 6) else {"uprobe_multi"})
        subprocess.run([PYTHON, "-c", PRELUDE + CALLS], check=True)
        events = [(event["rule"], event["fields"]) for event in shell.events("userland")]
        counted = {one["labels"]["hook_name"]: one["value"] for one in shell.metrics("userland")["numbers_total"]}
    calls = [("atoi", "42"), ("atoi", "-7"), ("atol", "99")]
    assert [(fields["hook_name"], fields["args_text"]) for rule, fields in events if rule == "numbers"] == calls
    assert [fields["ret"] for rule, fields in events if rule == "results"] == [42, -7]
    assert {"args_module": "pd_not_there"} in [fields for rule, fields in events if rule == "imports"]
    assert counted == {"atoi": 2, "atol": 1}
