"""What is done to packets: dropped, marked, passed; verdicts of several policies; nothing where nothing shall act."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import devices
import packets as p
import pytest
from conftest import BPFFS, MINE, Host
from foreign import Foreign, foreign
from network import private_network
from packets import running

from policyd.errors import AttachError
from policyd.kernel.bpf import attach, info
from policyd.reading.policy import open_policy

pytestmark = pytest.mark.kernel

XDP = "{xdp: {interfaces: [lo], mode: generic}}"
INGRESS = "{tc: {interfaces: [lo], direction: ingress}}"
EGRESS = "{tc: {interfaces: [lo], direction: egress}}"
NOT_THIS, OTHER = 7001, 7002
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {name}}}
spec:
  mode: {mode}
  suspend: {suspend}
  rules:
    - name: verdict
      hook: {hook}
      filters: [{{field: dst.port, operator: Equal, value: 7001}}]
      outputs:
        - event: {{fields: [dst.port]}}
        - counter: {{name: {counter}_total, by: [dst.port]}}
      action: {action}
"""


def policy(hook: str, action: str, name: str = "verdict", mode: str = "enforce", suspend: str = "false") -> str:
    return POLICY.format(hook=hook, action=action, name=name, mode=mode, suspend=suspend, counter=name)


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    with private_network():
        yield


class Line:
    """Two UDP sockets that listen, and one that sends through `lo`: to a port that the policies know, and to another."""

    def __init__(self, stack: ExitStack) -> None:
        made = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(3)]
        self.out, self.one, self.other = made
        self.one.bind(("127.0.0.1", NOT_THIS))
        self.other.bind(("127.0.0.1", OTHER))
        self.other.settimeout(5)

    def delivers(self) -> bool:
        """Whether a packet to the known port arrives; one to the other port, which is sent after it, must."""
        self.out.sendto(b"one", ("127.0.0.1", NOT_THIS))
        self.out.sendto(b"other", ("127.0.0.1", OTHER))
        assert self.other.recv(16) == b"other"
        try:
            return self.one.recv(16, socket.MSG_DONTWAIT) == b"one"
        except BlockingIOError:
            return False


@pytest.fixture
def line() -> Iterator[Line]:
    with ExitStack() as stack:
        yield Line(stack)


@contextmanager
def behind(direction: str) -> Iterator[Foreign]:
    """Somebody else's program, to be attached behind ours: it is told what is left for it."""
    with foreign("tcx", direction) as found, found.attached("lo"):
        yield found


def verdicts(host: Host, name: str = "verdict") -> list[str]:
    return [event.origin.verdict for event in open_policy(host.kernel, name).events()]


# ------------------------------------------------------------------------------------------------ one policy


@pytest.mark.parametrize("hook", [XDP, INGRESS, EGRESS])
def test_a_dropped_packet_does_not_arrive_and_others_do(host: Host, line: Line, hook: str) -> None:
    assert line.delivers()
    host.apply(policy(hook, "{drop: true}"))
    assert [line.delivers() for _ in range(5)] == [False] * 5
    assert verdicts(host) == ["dropped"] * 5
    assert host.account("verdict")["acted"] == 5
    assert open_policy(host.kernel, "verdict").metrics()["verdict_total"] == [({"dst_port": "7001"}, 5)]
    host.delete_all()
    assert line.delivers()


def test_xdp_drops_in_the_driver_too(host: Host) -> None:
    devices.make_pair()
    host.apply(policy("{xdp: {interfaces: [pdv1], mode: native}}", "{drop: true}"))
    frames = [p.ether(p.IP4, p.ip4(p.UDP, p.udp(dst=port))) for port in (NOT_THIS, OTHER)]
    with devices.raw_socket("pdv1", 0x0003) as tap:  # ETH_P_ALL: all that comes past XDP
        devices.send_frames("pdv0", frames)
        assert tap.recv(2048) == frames[1]
    assert verdicts(host) == ["dropped"]


@pytest.mark.parametrize("hook", [XDP, INGRESS, EGRESS])
def test_a_passed_packet_arrives(host: Host, line: Line, hook: str) -> None:
    host.apply(policy(hook, "{pass: true}"))
    assert line.delivers()
    assert verdicts(host) == ["passed"]


@pytest.mark.parametrize(("hook", "direction"), [(INGRESS, "ingress"), (EGRESS, "egress")])
@pytest.mark.parametrize("mark", ["0x10", "0xffffffff"])
def test_a_marked_packet_goes_on_with_its_mark(host: Host, line: Line, hook: str, direction: str, mark: str) -> None:
    host.apply(policy(hook, f"{{mark: {mark}}}"))
    with behind(direction) as witness:
        line.out.sendto(b"", ("127.0.0.1", NOT_THIS))
        line.one.recv(1)
        assert witness.mark == int(mark, 16)
        line.out.sendto(b"", ("127.0.0.1", OTHER))
        line.other.recv(1)
        assert witness.mark == 0
    assert verdicts(host) == ["marked"]


@pytest.mark.parametrize(("hook", "direction"), [(INGRESS, "ingress"), (EGRESS, "egress")])
def test_pass_ends_the_chain_in_tc(host: Host, line: Line, hook: str, direction: str) -> None:
    host.apply(policy(hook, "{pass: true}"))
    with behind(direction) as witness:
        assert line.delivers()
        assert witness.packets == 1, "the one to the other port"


# ------------------------------------------------------------------------------------------------ sockets of a cgroup

SENDER = """
import errno, json, os, socket, sys
open(sys.argv[1], "w").write(str(os.getpid()))
out = []
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as into:
    into.bind(("127.0.0.1", int(sys.argv[2]))); into.settimeout(0.2)
    try:
        sender.sendto(b"x", into.getsockname()); into.recv(1); print("arrived")
    except TimeoutError: print("lost")
    except OSError as error: print(errno.errorcode[error.errno])
"""


@pytest.mark.parametrize(("name", "ending"), [("skb_egress", "EPERM"), ("skb_ingress", "lost")])
def test_packets_of_a_cgroups_sockets_are_dropped(host: Host, name: str, ending: str) -> None:
    def happens(port: int) -> str:
        command = ["python3", "-c", SENDER, str(path / "cgroup.procs"), str(port)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with devices.cgroup() as path:
        hook = f"{{cgroup: {{name: {name}, path: {path}}}}}"
        host.apply(policy(hook, "{drop: true}", mode="monitor"))
        assert happens(NOT_THIS) == "arrived"
        host.apply(policy(hook, "{drop: true}"))
        assert (happens(NOT_THIS), happens(OTHER)) == (ending, "arrived")
        assert verdicts(host) == ["would-drop", "dropped"]
        host.apply(policy(hook, "{pass: true}"))
        assert happens(NOT_THIS) == "arrived"
        host.delete_all()


# ------------------------------------------------------------------------------------------------ modes


@pytest.mark.parametrize("hook", [XDP, INGRESS, EGRESS])
def test_monitor_says_what_enforce_would_do_and_is_flipped_without_a_reload(host: Host, line: Line, hook: str) -> None:
    host.apply(policy(hook, "{drop: true}", mode="monitor"))
    before = running(host)
    assert line.delivers()
    assert verdicts(host) == ["would-drop"]
    assert (host.account("verdict")["would_act"], host.account("verdict")["acted"]) == (1, 0)
    host.apply(policy(hook, "{drop: true}"))
    assert not line.delivers()
    assert verdicts(host) == ["dropped"]
    assert (host.account("verdict")["would_act"], host.account("verdict")["acted"]) == (1, 1)
    host.apply(policy(hook, "{drop: true}", suspend="true"))
    assert line.delivers()
    assert verdicts(host) == []
    assert (host.account("verdict")["would_act"], host.account("verdict")["acted"]) == (1, 1)
    assert host.count("verdict", "verdict_total") == 2, "nothing is counted either while it is suspended"
    host.apply(policy(hook, "{drop: true}"))
    assert not line.delivers()
    assert running(host) == before


# ------------------------------------------------------------------------------------------------ several policies

COMBINED = (
    (("drop", "mark", "pass"), "dropped"),
    (("mark", "pass"), "marked"),
    (("pass", "mark", "pass"), "marked"),
    (("pass", "pass"), "passed"),
    (("pass", "drop"), "dropped"),
    (("drop?", "mark", "pass"), "marked"),
    (("drop?", "pass"), "passed"),
    (("drop?", "mark?"), "nothing"),
    (("pass", "drop!"), "passed"),
)
"""Actions of policies in their order (`?`: in monitor mode, `!`: suspended), and what becomes of the packet in tc."""
WORDS = {"drop": "{drop: true}", "mark": "{mark: 9}", "pass": "{pass: true}"}


def combined(hook: str, actions: tuple[str, ...]) -> list[str]:
    return [
        policy(
            hook,
            WORDS[action.rstrip("?!")],
            name=f"p{at}",
            mode="monitor" if action.endswith("?") else "enforce",
            suspend=str(action.endswith("!")).lower(),
        )
        for at, action in enumerate(actions)
    ]


@pytest.mark.parametrize(("actions", "fate"), COMBINED, ids=[" ".join(actions) for actions, _ in COMBINED])
def test_the_strictest_verdict_of_all_policies_wins(host: Host, line: Line, actions: tuple[str, ...], fate: str) -> None:
    host.apply(*combined(INGRESS, actions))
    with behind("ingress") as witness:
        line.out.sendto(b"one", ("127.0.0.1", NOT_THIS))
        seen, mark = witness.packets, witness.mark
        arrives = line.delivers()
    found = "dropped" if not arrives else "passed" if not seen else "marked" if mark == 9 else "nothing"
    assert found == fate
    for at, action in enumerate(actions):
        own = {"drop": "dropped", "mark": "marked", "pass": "passed"}[action.rstrip("?!")]
        own = f"would-{action.rstrip('?')}" if action.endswith("?") else own
        assert verdicts(host, f"p{at}") == ([] if action.endswith("!") else [own] * 2), "each event has its own rule's"


@pytest.mark.parametrize(
    ("actions", "arrives"), [(("pass", "drop"), False), (("drop", "pass"), False), (("drop?", "pass"), True)]
)
def test_verdicts_are_combined_in_xdp_too(host: Host, line: Line, actions: tuple[str, ...], arrives: bool) -> None:
    host.apply(*combined(XDP, actions))
    assert line.delivers() is arrives


# ------------------------------------------------------------------------------------------------ others on the interface


@pytest.mark.parametrize(("hook", "direction"), [(INGRESS, "ingress"), (EGRESS, "egress")])
def test_a_foreign_tcx_program_behind_ours_sees_every_packet(host: Host, line: Line, hook: str, direction: str) -> None:
    host.apply(policy(hook, "{drop: true}", mode="monitor"))
    with behind(direction) as witness:
        for at, text in enumerate(
            (
                policy(hook, "{drop: true}", mode="monitor"),
                policy(hook, "{pass: true}", mode="monitor"),
                policy(hook, "{drop: true}", suspend="true"),
                policy(hook, "{mark: 3}"),
            )
        ):
            host.apply(text)
            assert line.delivers()
            assert witness.packets == 2 * (at + 1)
        host.delete_all()
        assert line.delivers()
        assert witness.packets == 10


def test_a_foreign_xdp_program_is_refused_and_untouched(host: Host, line: Line) -> None:
    with foreign("xdp", "generic") as theirs:
        with theirs.attached("lo") as link:
            before = info.link_info(link)
            result = host.try_apply(policy(XDP, "{drop: true}"))
            (failed,) = result.failed
            assert isinstance(failed.error, AttachError)
            assert "not ours" in str(failed.error)
            assert line.delivers()
            assert theirs.packets == 2
            assert info.link_info(link) == before
            assert host.kernel.list("hooks") == ()
        host.apply(policy(XDP, "{drop: true}"))
        with pytest.raises(Exception, match="EBUSY"), theirs.attached("lo"):
            pass
        assert not line.delivers()


def test_a_foreign_clsact_filter_is_untouched_and_sees_every_packet(host: Host, line: Line) -> None:
    pinned = BPFFS / f"{MINE}foreign"
    with foreign("tcx", "ingress") as theirs:
        attach.pin(theirs.program, str(pinned))
        try:
            tc("qdisc", "add", "dev", "lo", "clsact")
            tc("filter", "add", "dev", "lo", "ingress", "prio", "7", "bpf", "da", "object-pinned", str(pinned))
        finally:
            pinned.unlink()
        before = tc("filter", "show", "dev", "lo", "ingress") + tc("qdisc", "show", "dev", "lo")
        assert "someone_elses" in before or "prio 7" in before or "pref 7" in before
        assert line.delivers()
        for text in (policy(INGRESS, "{drop: true}", mode="monitor"), policy(INGRESS, "{mark: 3}")):
            host.apply(text)
            assert line.delivers()
        assert theirs.packets == 6
        host.delete_all()
        assert tc("filter", "show", "dev", "lo", "ingress") + tc("qdisc", "show", "dev", "lo") == before
        assert line.delivers()
        assert theirs.packets == 8


def tc(*words: str) -> str:
    return subprocess.run(["tc", *words], check=True, capture_output=True, text=True).stdout
