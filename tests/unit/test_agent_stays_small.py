"""What the agent does not import: it lives for months, and what only changes need is in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "asyncio": 6,
    "jinja2": 5,
    "policyd.codegen.program": 4,
    "policyd.policy": 10,
    "policyd.resolve": 15,
    "policyd.target": 3,
    "pydantic": 8,
    "pyroute2": 16,
    "urllib3": 7,
    "yaml": 1,
}
"""Megabytes, about."""
PARTS = (
    "policyd.api.server",
    "policyd.daemon.agent",
    "policyd.daemon.away",
    "policyd.daemon.canary",
    "policyd.daemon.pump",
    "policyd.daemon.telemetry",
    "policyd.enrich.enricher",
    "policyd.sinks.kinds",
)
PROGRAM = "import json, sys, {}; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_agent_imports_nothing_heavy(part: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(part)], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout))
    assert part in imported
    assert not imported & HEAVY.keys()
