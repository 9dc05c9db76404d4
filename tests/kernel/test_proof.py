"""The library, and more jobs of other tools (`tests/proof/`), all at once on this kernel: each sees what it is for.

A case (`proofs_of_*.py`) makes a policy's event and looks at what it says; others' events may be among them, for the
policies filter by what they are about, not by who runs the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import proofs_of_detections  # noqa: F401 (it enters its cases)
import proofs_of_flows  # noqa: F401
import proofs_of_hosts  # noqa: F401
import proofs_of_tools  # noqa: F401
import pytest
from conftest import BPFFS, MINE, Host
from devices import make_pair
from network import private_network
from proofs import ALONE, CASES, CHECKOUT, Proof

from policyd.engine import Given, Request
from policyd.kernel.attachable import AttachFeatures
from policyd.parsing import load
from policyd.resolve import Host as ResolvingHost
from policyd.resolve import resolve
from policyd.target import Target

pytestmark = pytest.mark.kernel

FILES = sorted(file for folder in ("library", "tests/proof") for file in (CHECKOUT / folder).rglob("*.yaml"))


@pytest.fixture(scope="module")
def proof(objects: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    host = Host(str(BPFFS / f"{MINE}proof"), objects)
    host.kernel.ensure_root()
    with ExitStack() as stack:
        stack.enter_context(private_network())
        stack.callback(host.close)
        make_pair("pdp0", "pdp1")
        apply(host)
        yield Proof(host, tmp_path_factory.mktemp("proof"))


def apply(host: Host) -> None:
    """Apply all policies at once, as this kernel can see what they hook; but what all of the host would feel."""
    files = [str(file) for file in FILES if file.stem not in ALONE]
    target, here = Target.running(AttachFeatures()), ResolvingHost.running()
    given = tuple(Given(resolve(policy, target, here).policy) for policy in load(files).require())
    result = host.engine.apply(Request(given, prune=True))
    host.engine.guard.leave()
    assert not result.failed, [str(outcome.error) for outcome in result.failed]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_job_of_another_tool_is_a_policy(proof: Proof, file: Path) -> None:
    proof.policy = file.stem
    CASES[file.stem](proof)
    assert file.stem in proof.looked_at, "the case has asked its policy for nothing"


def test_every_case_is_of_a_policy_that_is_called_like_its_file() -> None:
    assert set(CASES) == {file.stem for file in FILES}
    assert all(policy.name == file.stem for file in FILES for policy in load([str(file)]).require())
