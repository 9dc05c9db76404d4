"""What the suite applies, stage by stage: so that the host can compile all of it before, and the guest compiles nothing.

Each stage is applied alone, on a host where nothing runs or where the stage before it has the same rows: a unit holds the
rules of all policies at its point.
"""

from __future__ import annotations

from pathlib import Path

from load import CALLS, PACKETS, Kind

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "policies"
CASES = CHECKOUT / "tests/vm/policies"
"""Each file is a stage of its own, for the tests that apply it by its name (`Shell.case`)."""
KINDS = (CALLS, PACKETS)
"""Replaced through a slot, and by a link update."""
PORTABLE = FOLDER / "exec-audit.yaml"
"""Loaded from objects that were compiled for another kernel: it walks through the kernel's structures."""


def cases() -> tuple[Path, ...]:
    return tuple(sorted(CASES.glob("*.yaml")))


def replaced(kind: Kind) -> tuple[str, str]:
    """Return the two versions of a policy that are put in each other's place."""
    return kind.versions()
