"""Hooks in programs and libraries, live: functions by path, library and offset, USDT probes, one process, replaced files.

Each is tried with one link for all places (uprobe_multi), and with a link a place, as kernels before 6.6 have it.
"""

from __future__ import annotations

import select
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from agents import running_agent, until
from codegen_cases import Rule, leaf, policy, rule
from conftest import Host, both_builders
from probed import Probed, compile_probed, hide_symbols

from policyd.elf import Binary
from policyd.errors import PolicyError
from policyd.reading.policy import open_policy
from policyd.target import Target

pytestmark = pytest.mark.kernel

CALLS, SWAPS = 20_000, 20
COUNTED = ({"counter": {"name": "seen_total", "by": ["hook.name"]}},)
PROGRAM = "pd-probed"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_probed(tmp_path_factory.mktemp("probed") / PROGRAM)


@pytest.fixture(params=["one link", "links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How many links the places of a hook have: with `links`, the target is taken for one without uprobe_multi."""
    has = Target.has
    if request.param == "links":
        monkeypatch.setattr(Target, "has", lambda self, feature: feature != "uprobe_multi" and has(self, feature))
    return str(request.param)


def userland(*rules: Rule) -> str:
    return policy("userland", rules, mode="enforce")


def uprobe(path: Path, symbol: str = "", **more: object) -> dict[str, object]:
    return {"uprobe": {"path": str(path), **({"symbol": symbol} if symbol else {}), **more}}


def uretprobe(path: Path, symbol: str, **more: object) -> dict[str, object]:
    return {"uretprobe": {"path": str(path), "symbol": symbol, **more}}


def usdt(path: Path, name: str, **more: object) -> dict[str, object]:
    return {"usdt": {"path": str(path), "provider": "demo", "name": name, **more}}


def showing(*fields: str) -> tuple[dict[str, object], ...]:
    return ({"event": {"fields": list(fields)}},)


def by_rule(host: Host) -> dict[str, list[dict[str, Any]]]:
    """Return the fields of the events that wait, by rule."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in open_policy(host.kernel, "userland").events():
        found.setdefault(event.origin.rule, []).append(dict(event.fields))
    return found


def seen(host: Host) -> dict[str, int]:
    """Return how often each function or probe was seen."""
    return {labels["hook_name"]: value for labels, value in open_policy(host.kernel, "userland").metrics()["seen_total"]}


# ------------------------------------------------------------------------------------------------ functions


@both_builders
def test_a_function_is_seen_with_its_arguments_and_its_result(host: Host, program: Path, links: str) -> None:
    nine = {"a": "u8", **dict.fromkeys("bcdefg", "u64"), "h": "s32", "i": "string"}
    bo = [leaf("args.name", "Prefix", "bo")]
    host.apply(
        userland(
            rule("add", uprobe(program, "add", args={"a": "s32", "b": "s64"}), (), showing("args")),
            rule("result", uprobe(program, "add", phase="exit", ret="s64"), (), showing("ret")),
            rule("nine", uprobe(program, "nine", args=nine), (), showing("args.a", "args.f", "args.g", "args.h", "args.i")),
            rule("greeted", uprobe(program, "greet", args={"name": "string16"}), bo, showing("args.name", "process.pid")),
            rule("greeting", uretprobe(program, "greet", ret="string"), (), showing("ret")),
        )
    )
    with Probed(program) as running:
        told = [running.tell(line) for line in ("add -3 4", "nine", "greet bob", "greet ann")]
    assert told == ["1", "25", "hello bob", "hello ann"]
    assert by_rule(host) == {
        "add": [{"args_a": -3, "args_b": 4}],
        "result": [{"ret": 1}],
        "nine": [{"args_a": 1, "args_f": 6, "args_g": 7, "args_h": -8, "args_i": "ninth"}],
        "greeted": [{"args_name": "bob", "process_pid": running.pid}],
        "greeting": [{"ret": "hello bob"}, {"ret": "hello ann"}],
    }


def test_several_functions_are_told_apart(host: Host, program: Path, links: str) -> None:
    host.apply(userland(rule("it", uprobe(program, symbols=["ad*", "greet", "hidden"]), (), COUNTED)))
    kinds = {name.partition("-")[0] for name in host.kernel.list("hooks")}
    assert kinds == ({"uprobe_multi"} if links == "one link" else {"uprobe"})
    with Probed(program) as running:
        for line in ("add 1 2", "add 3 4", "greet bob", "loop 5"):
            running.tell(line)
    assert seen(host) == {"add": 7, "greet": 1, "hidden": 5}


def test_a_library_is_found_by_its_name(host: Host, program: Path, links: str) -> None:
    hook = {"uprobe": {"library": "libc", "symbol": "puts", "args": {"text": "string"}}}
    host.apply(userland(rule("it", hook, [leaf("process.comm", "Equal", PROGRAM)], showing("args"))))
    with Probed(program) as running:
        assert running.tell("greet bob") == "hello bob"
    assert by_rule(host) == {"it": [{"args_text": "hello bob"}]}


def test_a_stripped_program_is_hooked_by_offset_and_by_its_debug_data(
    host: Host, program: Path, tmp_path: Path, links: str
) -> None:
    stripped = hide_symbols(Path(shutil.copy(program, tmp_path / "stripped")))
    offset = Binary.open(str(stripped)).symbols()["hidden"].offset
    host.apply(
        userland(
            rule("name", uprobe(stripped, "hidden", args={"a": "u64"}), (), showing("args")),
            rule("offset", uprobe(stripped, offset=hex(offset)), (), showing("args[0]", "hook.name")),
        )
    )
    with Probed(stripped) as running:
        running.tell("loop 3")
    numbers = (1, 2, 3)
    assert by_rule(host) == {
        "name": [{"args_a": number} for number in numbers],
        "offset": [{"args_0": hex(number), "hook_name": hex(offset)} for number in numbers],
    }


def test_one_process_is_seen_and_no_other(host: Host, program: Path, links: str) -> None:
    with Probed(program) as one, Probed(program) as other:
        for running in (one, other):
            running.tell("add 1 1")  # it has started
        host.apply(userland(rule("it", uprobe(program, "add", pid=one.pid), (), showing("process.pid"))))
        for running in (one, other, one):
            running.tell("add 1 1")
        assert by_rule(host) == {"it": [{"process_pid": one.pid}] * 2}


def test_a_signal_ends_who_calls_a_function(host: Host, program: Path, links: str) -> None:
    bob = [leaf("args.name", "Equal", "bob")]
    hook = uprobe(program, "greet", args={"name": "string"})
    host.apply(userland(rule("it", hook, bob, COUNTED, action={"signal": "SIGKILL"})))
    with Probed(program) as running:
        assert running.tell("greet ann") == "hello ann"
        assert running.tell("greet bob") == ""
        assert running.process.wait(timeout=60) == -signal.SIGKILL


# ------------------------------------------------------------------------------------------------ USDT


@both_builders
def test_a_probe_has_its_arguments_and_the_program_knows_that_it_is_watched(host: Host, program: Path, links: str) -> None:
    declared = {"number": "s64", "text": "string", "minus": "s16", "item": "s32", "seven": "u8"}
    text = userland(
        rule("typed", usdt(program, "fire", args=declared), [leaf("args.item", "Greater", 10)], showing("args")),
        rule("plain", usdt(program, "fire"), (), showing("args[0]", "args[2]", "args[4]")),
        rule("quiet", usdt(program, "q*"), (), COUNTED),
    )
    with Probed(program) as running:
        assert running.tell("fire 1 before") == "fired"
        host.apply(text)
        for command in ("fire 2 watched", "fire 4 again"):
            running.send(command)
            assert [running.answer(), running.answer()] == ["watched", "fired"]
        found, counted = by_rule(host), seen(host)
        host.delete_all()
        assert until_unwatched(running) == "fired"
    assert found == {
        "typed": [{"args_number": 2, "args_text": "watched", "args_minus": -2, "args_item": 30, "args_seven": 7}],
        "plain": [{"args_0": number, "args_2": -number, "args_4": 7} for number in (2, 4)],
    }
    assert counted == {"demo:quiet": 2}


def until_unwatched(running: Probed) -> str:
    """Return the probe's answer when nobody watches it any more: the kernel lets go of a perf event a moment later."""
    end = time.monotonic() + 60
    while (answer := running.tell("fire 3 after")) == "watched" and time.monotonic() < end:
        assert running.answer() == "fired"
    return answer


# ------------------------------------------------------------------------------------------------ replacing


def test_replacing_a_policy_under_load_loses_and_repeats_nothing(host: Host, program: Path, links: str) -> None:
    hook = uprobe(program, symbols=["add", "hidden"])
    one, two = (
        userland(rule("it", hook, [leaf("args[0]", "GreaterOrEqual", least), leaf("process.pid", "Greater", 0)], COUNTED))
        for least in (0, 1)
    )
    host.apply(two)
    host.apply(one)
    calls = swaps = 0
    with Probed(program) as running:
        while swaps < SWAPS:
            running.send(f"loop {CALLS}")
            while not select.select([running.process.stdout], [], [], 0)[0]:
                host.apply(one if swaps % 2 else two)
                swaps += 1
            assert running.answer() == str(CALLS)
            calls += CALLS
    assert seen(host) == {"add": calls, "hidden": calls}


@pytest.mark.parametrize("same", [True, False], ids=["same code", "other code"])
def test_a_program_that_was_replaced_is_hooked_again(
    host: Host, program: Path, tmp_path: Path, links: str, same: bool
) -> None:
    path = Path(shutil.copy(program, tmp_path / "replaced"))
    text = userland(rule("it", uprobe(path, "add"), (), COUNTED))
    host.apply(text)
    assert not host.pending_steps(text)
    with Probed(path) as old:
        old.tell("add 1 1")
        if same:
            shutil.copy(program, tmp_path / "new")
        else:
            compile_probed(tmp_path / "new", "-O0", "-falign-functions=256")
        (tmp_path / "new").rename(path)
        assert host.pending_steps(text)
        host.apply(text)
        assert not host.pending_steps(text)
        old.tell("add 1 1")  # it runs the old file, which is hooked no more
    with Probed(path) as new:
        assert new.tell("add 1 1") == "2"
    assert seen(host) == {"add": 2}
    assert len(host.kernel.list("hooks")) == 1


def test_a_pinned_build_id_refuses_another_file(host: Host, program: Path, tmp_path: Path) -> None:
    build_id = Binary.open(str(program)).build_id
    host.apply(userland(rule("it", uprobe(program, "add", buildId=build_id), (), COUNTED)))
    other = compile_probed(tmp_path / "other", "-O0")
    with pytest.raises(PolicyError, match="has the build id"):
        host.apply(userland(rule("it", uprobe(other, "add", buildId=build_id), (), COUNTED)))


def test_an_agent_hooks_a_program_anew_when_it_is_upgraded(host: Host, program: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(program, tmp_path / "upgraded"))
    new = compile_probed(tmp_path / "new", "-O0", "-falign-functions=256")
    with running_agent(host.root, tmp_path, "--interval", "1h") as agent:
        agent.write("userland.yaml", userland(rule("it", uprobe(path, "add"), (), COUNTED)))
        agent.becomes("Applied", "userland")
        (before,) = host.kernel.list("hooks")
        new.rename(path)
        until(lambda: [name for name in host.kernel.list("hooks") if name != before] and len(host.kernel.list("hooks")) == 1)
        with Probed(path) as running:
            assert running.tell("add 1 1") == "2"
        until(lambda: seen(host) == {"add": 1})
        agent.stop()
