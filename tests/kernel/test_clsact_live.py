"""tc where the kernel has no links for it: filters of the clsact qdisc, beside those of others, whatever happens to them."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import devices
import pytest
from conftest import BPFFS, MINE, Host, resolve_text, target
from load import PACKETS, Load, compile_loop, received
from network import private_network

from policyd.engine import Given, Request
from policyd.kernel import filters, netlink, points, probes
from policyd.kernel.netlink import Filter
from policyd.observe import observe
from policyd.status import hook_views
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: watched}
spec:
  mode: enforce
  rules:
    - name: arrived
      hook: {tc: {interfaces: [pdv1], direction: ingress}}
      outputs: [{counter: {name: arrived_total}}]
    - name: left
      hook: {tc: {interfaces: [pdv0], direction: egress}}
      outputs: [{counter: {name: left_total}}]
    - name: refused
      hook: {tc: {interfaces: [pdv0], direction: egress}}
      filters: [{field: eth.type, operator: Equal, value: 0x88b5}]
      outputs: [{counter: {name: refused_total}}]
      action: {drop: true}
"""
BOTH_WAYS = "{tc: {interfaces: [pdv1], direction: %s}}"
FRAME = bytes(12) + b"\x88\xb6" + bytes(46)  # an Ethernet type for experiments
REFUSED = bytes(12) + b"\x88\xb5" + bytes(46)


@pytest.fixture
def lone_host(objects: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host that has no tcx, in a network namespace with a pair of interfaces; the parameter is the builder."""
    for direction in filters.DIRECTIONS:
        monkeypatch.setitem(target().features, f"tc {direction} (tcx)", False)
    with private_network():
        devices.make_pair()
        found = Host(str(BPFFS / f"{MINE}clsact"), objects, builder=getattr(request, "param", "clang"))
        found.kernel.ensure_root()
        try:
            yield found
        finally:
            found.close()


def tc(*words: str) -> None:
    subprocess.run(["tc", *words], check=True)


def index(name: str = "pdv1") -> int:
    return socket.if_nametoindex(name)


def ours(name: str = "pdv1", direction: str = "ingress") -> list[Filter]:
    return [found for found in netlink.filters(index(name), direction) if found.handle and found.name == filters.NAME]


def counts(host: Host) -> dict[str, int]:
    return {name: host.count("watched", f"{name}_total") for name in ("arrived", "left", "refused")}


def assert_counts_once(host: Host, what: str = "") -> None:
    before = counts(host)
    assert devices.send_frames("pdv0", [FRAME, FRAME]) == 2
    after = counts(host)
    assert {name: after[name] - before[name] for name in after} == {"arrived": 2, "left": 2, "refused": 0}, what


@pytest.mark.parametrize("lone_host", ["clang", "bcc"], indirect=True)
def test_filters_see_and_drop_packets_and_all_goes_with_the_policy(lone_host: Host) -> None:
    result = lone_host.apply(POLICY)
    assert {step.point.key for step in result.plan.steps if step.point} == {"clsact:pdv1:ingress", "clsact:pdv0:egress"}
    assert_counts_once(lone_host)
    with pytest.raises(OSError, match="No buffer space"):  # what a sender gets whose packet egress drops
        devices.send_frames("pdv0", [REFUSED])
    assert counts(lone_host) == {"arrived": 2, "left": 3, "refused": 1}
    assert lone_host.pending_steps(POLICY) == ()
    views = hook_views(observe(lone_host.kernel), lone_host.kernel)
    assert {(view.fault, view.link_ids, view.stands_in.partition(":")[0]) for view in views} == {
        ("", (), "a filter of the qdisc clsact")
    }
    lone_host.delete_all()
    assert (netlink.clsact_kind(index("pdv0")), netlink.clsact_kind(index("pdv1"))) == ("", "")


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_loop(tmp_path_factory.mktemp("loop"))


def test_replacing_a_policy_under_load_loses_and_repeats_nothing(lone_host: Host, loop: Path) -> None:
    one, two = replace(PACKETS, hook="{tc: {interfaces: [lo], direction: ingress}}").versions()
    lone_host.apply(one)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 9))
        load, before = Load(loop, "packets"), received()
        load.start()
        for number in range(25):
            lone_host.apply(one if number % 2 else two)
        load.finish()
    assert received() - before > 10_000
    assert lone_host.count("counted", "events_total") == received() - before


def test_trying_whether_there_is_clsact_leaves_nothing(lone_host: Host) -> None:
    assert probes.clsact() == "tried on lo"
    assert netlink.clsact_kind(index("lo")) == ""
    tc("qdisc", "add", "dev", "lo", "clsact")
    probes.clsact()
    assert (netlink.clsact_kind(index("lo")), netlink.filters(index("lo"), "ingress")) == ("clsact", ())


# ------------------------------------------------------------------------------------------------ others


def add_foreign(host: Host, direction: str, priority: int) -> Filter:
    """Make a filter that is somebody else's; return it as it is shown."""
    program = host.kernel.load_neutral(AttachPoint("clsact", "pdv1", direction))
    netlink.add_filter(index(), direction, Filter(priority, 7, "bpf", "foreign", 0), program)
    os.close(program)
    (made,) = (found for found in netlink.filters(index(), direction) if found.handle == 7)
    return made


@pytest.mark.parametrize("direction", filters.DIRECTIONS)
def test_the_qdisc_that_we_made_stays_for_the_filter_of_somebody_else(lone_host: Host, direction: str) -> None:
    lone_host.apply(POLICY)
    theirs = add_foreign(lone_host, direction, 49152)
    assert_counts_once(lone_host)
    lone_host.delete_all()
    assert [found for found in netlink.filters(index(), direction) if found.handle] == [theirs]
    assert (netlink.clsact_kind(index()), netlink.clsact_kind(index("pdv0"))) == ("clsact", "")


@pytest.mark.parametrize("kind", ["clsact", "ingress"])
def test_a_qdisc_that_we_did_not_make_stays_with_all_that_is_in_it(lone_host: Host, kind: str) -> None:
    tc("qdisc", "add", "dev", "pdv1", kind)
    theirs = add_foreign(lone_host, "ingress", filters.PRIORITY)
    lone_host.apply(POLICY)
    assert theirs in netlink.filters(index(), "ingress")
    assert_counts_once(lone_host)
    lone_host.apply()
    assert [found for found in netlink.filters(index(), "ingress") if found.handle] == [theirs]
    tc("filter", "del", "dev", "pdv1", "ingress")
    lone_host.apply(POLICY)
    lone_host.delete_all()
    assert netlink.clsact_kind(index()) == kind


def test_a_qdisc_without_an_egress_side_is_an_error_that_says_what_to_do(lone_host: Host) -> None:
    tc("qdisc", "add", "dev", "pdv0", "ingress")
    result = lone_host.try_apply(POLICY)
    assert "replace it by clsact (tc qdisc replace dev pdv0 clsact)" in str(result.failed[0].error)
    assert (netlink.clsact_kind(index("pdv0")), netlink.clsact_kind(index())) == ("ingress", "")


def test_one_qdisc_serves_both_directions_and_goes_with_the_last(lone_host: Host) -> None:
    def policy(*directions: str) -> str:
        head = "{apiVersion: policyd.dev/v1alpha1, kind: Policy, metadata: {name: a}, spec: {rules: [%s]}}"
        rules = (f"{{name: {one}, hook: {BOTH_WAYS % one}, outputs: [{{counter: {{name: seen}}}}]}}" for one in directions)
        return head % ", ".join(rules)

    lone_host.apply(policy("ingress", "egress"))
    lone_host.apply(policy("egress"))
    assert (ours(direction="ingress"), len(ours(direction="egress"))) == ([], 1)
    lone_host.apply(policy("ingress"))
    lone_host.apply()
    assert netlink.clsact_kind(index()) == ""


# ------------------------------------------------------------------------------------------------ drift, and sudden death


def delete_filter(_: Host) -> None:
    tc("filter", "del", "dev", "pdv1", "ingress")


def delete_qdisc(_: Host) -> None:
    tc("qdisc", "del", "dev", "pdv1", "clsact")


def other_filter(host: Host) -> None:
    """Somebody has another filter at our priority and handle."""
    (mine,) = ours()
    program = host.kernel.load_neutral(AttachPoint("clsact", "pdv1", "ingress"))
    netlink.delete_filter(index(), "ingress", mine)
    netlink.add_filter(index(), "ingress", mine, program)
    os.close(program)


def make_anew(_: Host) -> None:
    devices.ip("link", "del", "pdv0")
    devices.make_pair()


def unpin(*names: str) -> Callable[[Host], None]:
    def action(host: Host) -> None:
        for hook in host.kernel.list("hooks"):
            for name in names:
                host.kernel.unpin(f"hooks/{hook}/{name}")

    return action


DRIFTS: dict[str, Callable[[Host], None]] = {
    "the filter was removed": delete_filter,
    "the filter holds another program": other_filter,
    "the qdisc was removed": delete_qdisc,
    "the interfaces were made anew": make_anew,
    "the notes were unpinned": unpin("link"),
    "the slots were unpinned": unpin("slot"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_seen_and_mended(lone_host: Host, drift: str) -> None:
    lone_host.apply(POLICY)
    DRIFTS[drift](lone_host)
    assert lone_host.pending_steps(POLICY) != ()
    lone_host.apply(POLICY)
    assert lone_host.pending_steps(POLICY) == ()
    assert_counts_once(lone_host)
    assert (len(ours()), len(ours("pdv0", "egress"))) == (1, 1), "no filter is left over"
    lone_host.delete_all()
    assert (ours(), ours("pdv0", "egress")) == ([], [])


@dataclass
class Mortal:
    """Runs that die at a point, each in a child."""

    host: Host
    trace: Path
    given: tuple[Given, ...]

    def run(self, wanted: tuple[Given, ...], script: points.Script) -> int:
        pid = os.fork()
        if pid == 0:
            points._script, points._numbers = script, itertools.count(1)
            self.host.engine.apply(Request(wanted, prune=True, allow_empty=True))
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def points(self, wanted: tuple[Given, ...]) -> list[int]:
        """Return the numbers of the points at which netlink or a note is changed."""
        self.trace.unlink(missing_ok=True)
        assert self.run(wanted, points.Script(trace=str(self.trace))) == 0
        lines = [line.split(maxsplit=1) for line in self.trace.read_text().splitlines()]
        words = ("qdisc-", "filter-", "map-update write a note")
        pins = ("pin ", "unlink ")
        return [int(n) for n, text in lines if text.startswith(words) or (text.startswith(pins) and "hooks" in text)]


def test_a_process_that_dies_at_a_change_leaves_what_the_next_one_mends(lone_host: Host, tmp_path: Path) -> None:
    rule = POLICY.partition("    - name: left")[0]  # one attach point
    given, nothing = resolve_text(rule), ()
    mortal = Mortal(lone_host, tmp_path / "trace", given)
    for wanted, start in ((given, nothing), (nothing, given)):
        lone_host.engine.apply(Request(start, prune=True, allow_empty=True))
        numbers = mortal.points(wanted)
        assert len(numbers) > 3
        for number in numbers:
            lone_host.engine.apply(Request(start, prune=True, allow_empty=True))
            assert mortal.run(wanted, points.Script(kill_after=number)) == -signal.SIGKILL
            lone_host.engine.apply(Request(wanted, prune=True, allow_empty=True))
            assert lone_host.engine.plan(Request(wanted, prune=True, allow_empty=True)).describe() == ()
            assert (len(ours()), netlink.clsact_kind(index())) == ((1, "clsact") if wanted else (0, ""))
    lone_host.delete_all()
    assert netlink.clsact_kind(index()) == ""
