"""`policyd run` on the running kernel: it follows its folder, repairs what others change, and goes on after any end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import RunningAgent, running_agent, until
from conftest import Host
from devices import ip, make_pair
from load import CALLS, Load, compile_loop
from network import private_network
from warm import policyd

from policyd.daemon.damage import find_damage
from policyd.errors import NotFoundError
from policyd.kernel.bpf import attach
from policyd.observe import observe
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

WATCH = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: agent-watch}
spec:
  rules:
    - name: asked
      hook: {syscall: getpriority}
      outputs:
        - counter: {name: asked_total}
"""
OTHER = WATCH.replace("agent-watch", "agent-other").replace("getpriority", "getsid")
BROKEN = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: agent-watch}\nspec: {rules: [{nam: y}]}\n"
PACKETS = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: agent-packets}
spec:
  rules:
    - name: in
      hook: {xdp: {interfaces: ['pdv*'], mode: generic}}
      outputs: [{counter: {name: in_total}}]
    - name: out
      hook: {tc: {interfaces: ['pdv*'], direction: egress}}
      outputs: [{counter: {name: out_total}}]
"""


ONE, TWO = (text.replace("pd-loop", "pd-agent-loop") for text in CALLS.versions())


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """System calls without pause, counted by who makes them, from now on until `finish` is called."""
    found = Load(compile_loop(tmp_path).rename(tmp_path / "pd-agent-loop"), "calls")
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.fixture
def agent(host: Host, tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(host.root, tmp_path) as found:
        yield found


def program(agent: RunningAgent, *words: str, code: int = 0) -> str:
    """Call the command line as a user does."""
    environment = {**os.environ, "POLICYD_SOCKET": agent.client.path, "POLICYD_ROOT": agent.root}
    done = policyd(*words, environment=environment, directory=agent.directory)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_a_folder_is_followed_and_a_broken_edit_leaves_what_ran(host: Host, agent: RunningAgent) -> None:
    assert agent.source().state == "Applied"
    agent.write("watch.yaml", WATCH)
    first = agent.becomes("Applied", "agent-watch")
    assert host.record("agent-watch").revision == first.revision

    agent.write("other.yaml", OTHER)
    second = agent.becomes("Applied", "agent-other", "agent-watch")
    agent.write("watch.yaml", BROKEN)
    refused = agent.becomes("Refused", "agent-other", "agent-watch")
    assert "base/watch.yaml:4" in refused.reason
    assert refused.revision == second.revision
    assert "Refused" in program(agent, "get", "sources")
    assert "base/watch.yaml:4" in program(agent, "describe", "source", "base")
    program(agent, "reconcile", code=1)

    for path in agent.folder.iterdir():
        path.unlink()
    until(lambda: "no policy any more" in agent.source().reason)
    assert sorted(host.kernel.list("policies"))

    assert "rolled back" in program(agent, "rollback", "base", "--to", first.revision)
    assert agent.source().policies == ("agent-watch",)
    agent.write("other.yaml", OTHER)
    program(agent, "resume", "base")
    assert agent.source().policies == ("agent-other",)
    with pytest.raises(NotFoundError):
        agent.client.rollback("base", "no-such")


def test_unlinked_pins_lose_no_event_and_come_back(host: Host, agent: RunningAgent, load: Load) -> None:
    agent.write("counted.yaml", ONE)
    agent.becomes("Applied", "counted")
    (hook,) = (Path(host.root) / "hooks").iterdir()
    load.start()
    for pins in ([hook / "link"], list(hook.iterdir()), list((Path(host.root) / "shared").iterdir())):
        for pin in pins:
            pin.unlink()
        until(lambda pins=pins: all(pin.exists() for pin in pins))
    made = load.finish()
    assert made > 10_000
    assert host.count("counted", "events_total") == made
    observed = observe(host.kernel)
    assert find_damage(observed, observed) == ()


def test_overwritten_and_detached_hooks_are_repaired_at_once(host: Host, tmp_path: Path) -> None:
    with private_network():
        make_pair()
        with running_agent(host.root, tmp_path) as agent:
            agent.write("packets.yaml", PACKETS)
            agent.write("watch.yaml", WATCH)
            agent.becomes("Applied", "agent-packets", "agent-watch")
            _overwrite_slot(host)
            agent.repaired("tracepoint:syscalls/sys_enter_getpriority")
            before = host.count("agent-watch", "asked_total")
            os.getpriority(os.PRIO_PROCESS, 0)
            assert host.count("agent-watch", "asked_total") == before + 1

            _detach(host, "xdp-")
            agent.repaired("xdp:pdv0")
            _detach(host, "tcx-")
            agent.repaired("tcx:pdv1:egress")

            ip("link", "del", "pdv0")
            until(lambda: not _points(host, "pdv"))
            make_pair()
            until(lambda: _points(host, "pdv") == 2)
            make_pair("pdv2", "pdv3")
            until(lambda: _points(host, "pdv") == 4)
            assert agent.status().healthy
            host.delete_all()
            until(lambda: _points(host, "pdv") == 4)
            assert agent.stop() == 0
        host.delete_all()


def _overwrite_slot(host: Host) -> None:
    (path,) = (Path(host.root) / "hooks").glob("*/slot")
    slot = host.kernel.open(str(path.relative_to(host.root)))
    foreign = host.kernel.load_neutral(AttachPoint("tracepoint", "syscalls/sys_enter_getpriority"))
    assert slot is not None
    host.kernel.update(slot, bytes(4), foreign.to_bytes(4, "little"))
    os.close(slot)
    os.close(foreign)


def _detach(host: Host, kind: str) -> None:
    for path in (Path(host.root) / "hooks").glob(f"{kind}*/link"):
        link = host.kernel.open(str(path.relative_to(host.root)))
        assert link is not None
        attach.detach_link(link, "detach as somebody else would")
        os.close(link)


def _points(host: Host, word: str) -> int:
    """Return at how many interfaces with such names XDP programs are attached."""
    shown = subprocess.run(["bpftool", "net", "show"], capture_output=True, text=True, check=True).stdout
    return sum(line.startswith(word) for line in shown.splitlines())


def test_a_new_agent_takes_over_without_missing_or_repeating_an_event(host: Host, agent: RunningAgent, load: Load) -> None:
    agent.write("counted.yaml", ONE)
    agent.becomes("Applied", "counted")
    load.start()
    agent.write("counted.yaml", TWO)  # and killed while it applies that
    for how, text in ((signal.SIGKILL, TWO), (signal.SIGKILL, ONE), (signal.SIGTERM, TWO)):
        agent.stop(how)
        agent.write("counted.yaml", text)
        agent.start()
        agent.becomes("Applied", "counted")
    made = load.finish()
    assert made > 10_000
    assert host.count("counted", "events_total") == made


def test_the_end_leaves_programs_attached_or_takes_away_only_its_own(host: Host, tmp_path: Path) -> None:
    host.apply(OTHER, set="by-hand")
    with running_agent(host.root, tmp_path) as agent:
        agent.write("watch.yaml", WATCH)
        agent.becomes("Applied", "agent-watch")
        second = subprocess.run(
            [sys.executable, "-m", "policyd", "--root", host.root, "run", "--source", str(agent.folder)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (second.returncode, f"process {agent.process.pid}" in second.stderr) == (8, True), second.stderr

        agent.process.send_signal(signal.SIGHUP)
        assert agent.stop() == 0
        before = host.count("agent-watch", "asked_total")
        os.getpriority(os.PRIO_PROCESS, 0)
        assert host.count("agent-watch", "asked_total") == before + 1

        agent.options = ("--detach-on-exit",)
        agent.start()
        assert agent.stop() == 0
        assert list(host.kernel.list("policies")) == [host.record("agent-other").id]
        assert len(host.kernel.list("hooks")) == 1
    host.delete_all()


def test_another_policyd_may_apply_and_delete_while_the_agent_runs(host: Host, agent: RunningAgent) -> None:
    agent.write("watch.yaml", WATCH)
    agent.becomes("Applied", "agent-watch")
    program(agent, "apply", "-f", _file(agent, "other", OTHER), "--set", "by-hand")
    program(agent, "delete", "policy", "agent-other")
    until(lambda: len(host.kernel.list("hooks")) == 1)
    until(lambda: not _attached(agent, "sys_enter_getsid"))

    program(agent, "delete", "policy", "agent-watch")
    until(lambda: host.kernel.list("policies"))
    agent.repaired("policy agent-watch")

    program(agent, "apply", "-f", _file(agent, "other", OTHER), "--set", "by-hand", "--try", "60s")
    agent.write("more.yaml", WATCH.replace("agent-watch", "agent-more"))
    until(lambda: agent.source().state == "Waiting")
    program(agent, "confirm", "--revert")
    agent.becomes("Applied", "agent-more", "agent-watch")

    shutil.rmtree(agent.root, ignore_errors=True)  # the agent pins again what is gone, while the rest is being removed
    until(lambda: Path(agent.root).exists() and len(host.kernel.list("policies")) == 2)
    assert agent.status().healthy


def _file(agent: RunningAgent, name: str, text: str) -> str:
    path = agent.directory / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _attached(agent: RunningAgent, event: str) -> bool:
    """Whether the agent's process still holds a link of an event."""
    for path in Path(f"/proc/{agent.process.pid}/fdinfo").iterdir():
        try:
            text = path.read_text()
        except OSError:
            continue
        if "link_type" in text and event in text:
            return True
    return False
