"""Shared lists, macros, messages and tags where they count: lists change from one event to the next, programs do not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from agents import running_agent, until
from conftest import Host
from warm import policyd

from policyd.observe import observe
from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

LISTS = """
apiVersion: policyd.dev/v1alpha1
kind: PolicyList
metadata: {name: base}
spec:
  lists:
    watched: {type: u32, values: [PRIOS]}
    more: {type: u32, include: watched}
  macros:
    filters:
      of_us: [{field: process.pid, operator: Equal, value: PID}, {macro: listed}]
      listed: [{field: args.who, operator: In, valuesFrom: {list: more}}]
    fields:
      who: [process.pid, args.who]
"""
ASKED = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: asked}
spec:
  tags: [pd, prio]
  rules:
    - name: listed
      message: "{process.comm} asked for {args.who + 1} {{of}} {args.which}, {args.who / args.which}"
      tags: [team:a]
      hook: {syscall: {names: getpriority, abi: Native}}
      filters: [{macro: of_us}]
      outputs:
        - event: {fields: [{macro: who}]}
        - counter: {name: asked_total}
    - name: other
      hook: {syscall: {names: getpriority, abi: Native}}
      filters:
        - {field: process.pid, operator: Equal, value: PID}
        - not: {macro: listed}
      outputs: [{counter: {name: others_total}}]
"""
ALSO = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: also}
spec:
  rules:
    - name: listed
      hook: {syscall: {names: getpriority, abi: Native}}
      filters:
        - {field: args.who, operator: In, valuesFrom: {list: watched}}
        - {field: process.pid, operator: Equal, value: PID}
      outputs: [{counter: {name: also_total}}]
"""


def lists(*priorities: int) -> str:
    return of_us(LISTS).replace("PRIOS", ", ".join(map(str, priorities)))


def of_us(text: str) -> str:
    return text.replace("PID", str(os.getpid()))


def ask(who: int) -> None:
    """Have the system call made with an argument that no process has; what comes of it is of no matter."""
    try:
        os.getpriority(os.PRIO_PROCESS, who)
    except ProcessLookupError:
        return


def programs(host: Host) -> dict[str, tuple[int, ...]]:
    """Return what runs at each attach point: the kernel's ids."""
    return {hook.record.point.key: hook.record.programs for hook in observe(host.kernel).hooks.values() if hook.record}


def together(*texts: str) -> str:
    return "\n---\n".join(texts)


def test_a_shared_list_changes_in_all_its_policies_without_another_program(host: Host) -> None:
    policies = of_us(together(ASKED, ALSO))
    host.apply(together(lists(4_000_001), policies))
    ran = programs(host)
    for who in (4_000_001, 4_000_002):
        ask(who)
    assert (host.count("asked", "asked_total"), host.count("asked", "others_total")) == (1, 1)
    assert host.count("also", "also_total") == 1

    changed = together(lists(4_000_002, 4_000_003), policies)
    steps = host.pending_steps(changed)
    assert sorted(steps) == [
        "set shared list base/more of policy asked to 2 values (a map update)",
        "set shared list base/watched of policy also to 2 values (a map update)",
        "write record of policy also",
        "write record of policy asked",
    ]
    host.apply(changed)
    assert programs(host) == ran
    for who in (4_000_001, 4_000_002, 4_000_003):
        ask(who)
    assert (host.count("asked", "asked_total"), host.count("asked", "others_total")) == (3, 2)
    assert host.count("also", "also_total") == 3

    host.apply(together(lists(), policies))
    assert programs(host) == ran
    ask(4_000_002)
    assert (host.count("asked", "asked_total"), host.count("also", "also_total")) == (3, 3), "an empty list has no values"


def test_a_record_is_understood_without_the_file_of_its_list(host: Host) -> None:
    host.apply(together(lists(4_000_001), of_us(ASKED)))
    before = host.record("asked")
    own = of_us(ALSO).replace("{list: watched}", "{list: own}")
    result = host.apply(own.replace("rules:", "lists: {own: {type: u32, values: [1]}}\n  rules:"), prune=False)
    assert {row.policy: row.kind for row in result.outcomes} == {"also": "created", "asked": "unchanged"}
    assert host.record("asked") == before
    assert before.list_sources == {"base": "test.yaml:2"}
    ask(4_000_001)
    assert host.count("asked", "asked_total") == 1


def test_messages_are_filled_in_and_tags_are_told(host: Host) -> None:
    host.apply(together(lists(4_000_001), of_us(ASKED)))
    ask(4_000_001)
    (event,) = open_policy(host.kernel, "asked").events()
    comm = Path("/proc/self/comm").read_text("utf-8").rstrip("\n")
    assert event.message == f"{comm} asked for 4000002 {{of}} 0, ?"
    assert event.fields == {"process_pid": os.getpid(), "args_who": 4_000_001}
    assert event.origin.tags == ("pd", "prio", "team:a")

    ran = programs(host)
    host.apply(together(lists(4_000_001), of_us(ASKED).replace("{{of}}", "of")))
    assert programs(host) == ran, "another text is no other program"


def test_a_list_in_the_folder_of_an_agent_reaches_the_kernel(host: Host, tmp_path: Path) -> None:
    with running_agent(host.root, tmp_path) as agent:
        agent.write("lists.yaml", lists(4_000_001))
        agent.write("asked.yaml", of_us(ASKED))
        revision, ran = agent.becomes("Applied", "asked").revision, programs(host)
        agent.write("lists.yaml", lists(4_000_007))
        until(lambda: agent.source().revision != revision)
        ask(4_000_007)
        assert programs(host) == ran

        environment = {**os.environ, "POLICYD_SOCKET": agent.client.path, "POLICYD_ROOT": agent.root}

        def says(*words: str) -> str:
            return policyd(*words, environment=environment, directory=tmp_path).stdout

        found = until(lambda: says("events", "--tag", "team:a", "-o", "json"))
        event = json.loads(found)
        assert (event["tags"], event["rule"]) == (["pd", "prio", "team:a"], "listed")
        assert event["message"].endswith("asked for 4000008 {of} 0, ?")
        assert event["message"] in says("events", "--tag", "team:a")
        assert says("events", "--tag", "team:b") == ""
        shown = says("get", "lists", "-o", "wide")
        assert [line.split()[:5] for line in shown.splitlines()[1:]] == [
            ["more", "base", "u32", "0", "asked"],
            ["watched", "base", "u32", "1", "asked"],
        ]
        assert "lists.yaml:2" in shown
        assert "team:a" in says("describe", "policy", "asked")
        agent.write("lists.yaml", lists(4_000_007).replace("{list: more}", "{list: mor}"))
        until(lambda: agent.source().state != "Applied")
        assert "did you mean `more`" in agent.source().reason, "the whole revision is refused, and what ran goes on"
        ask(4_000_007)
        assert host.count("asked", "asked_total") == 2
