"""`get` and `describe`: what they say of a state, made by hand, that a kernel could be in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from state_by_hand import (
    COUNTER,
    DOCUMENT,
    HOOK_RECORD,
    MAPS,
    OBSERVED,
    OBSERVED_HOOK,
    OBSERVED_POLICY,
    POINT,
    PROGRAM,
    RECORD,
    SHARED,
    STARTED_PIN,
    FakeKernel,
)

from policyd.cli import run
from policyd.cli.agent import Known
from policyd.cli.get import age
from policyd.cli.kinds import HOOK, MAP, POLICY, Kind, parse_names
from policyd.errors import UsageError
from policyd.health import Books, Proof
from policyd.observe import Observed
from policyd.resolve.lists import FORMS
from policyd.status import LISTS, faults


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Observed]:
    """What the kernel holds; tests put another `observed` there."""
    held = {"observed": OBSERVED}
    monkeypatch.setattr("policyd.observe.observe", lambda _: held["observed"])
    for module in ("get", "describe"):
        monkeypatch.setattr(f"policyd.cli.{module}.open_kernel", lambda *_: FakeKernel())
    return held


@pytest.fixture
def shown(state: dict[str, Observed], capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line that must work and return what it prints."""

    def call(*words: str) -> str:
        assert run(list(words)) == 0
        return capsys.readouterr().out

    return call


def changed(**hook: Any) -> Observed:
    """Return the state with its hook changed from outside."""
    return replace(OBSERVED, hooks={POINT.id: replace(OBSERVED_HOOK, **hook)})


# ------------------------------------------------------------------------------------------------ tables


def test_policies_are_a_line_each_with_counts_from_the_kernel(shown: Any) -> None:
    assert shown("get", "policies").splitlines() == [
        "NAME   MODE     STATUS  HOOKS  EVENTS  LOST  MISSED  AGE",
        "opens  monitor  Ready       1      10     2       4  5d",
    ]


def test_tables_fit_80_columns(shown: Any) -> None:
    for kind in ("policies", "hooks", "maps", "records"):
        assert max(map(len, shown("get", kind).splitlines())) <= 80, kind


def test_it_is_said_that_nothing_acts_in_monitor_mode(
    state: dict[str, Observed], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["get", "policies"]) == 0
    assert capsys.readouterr().err == "policy/opens has actions, but its mode is monitor: nothing acts\n"

    state["observed"] = replace(OBSERVED, config={5: 2})
    assert run(["get", "policies"]) == 0
    assert capsys.readouterr().err == ""


def test_wide_adds_columns(shown: Any) -> None:
    header, row = shown("get", "policies", "-o", "wide").splitlines()

    assert header.startswith("NAME   MODE     STATUS  HOOKS  EVENTS  LOST  MISSED  AGE  SET")
    assert "opens.yaml:1" in row
    assert "watched" in row


def test_headers_can_be_left_out(shown: Any) -> None:
    assert shown("get", "policies", "--no-headers").splitlines() == [
        "opens  monitor  Ready       1      10     2       4  5d"
    ]


def test_hooks_show_what_the_kernel_counts_on_the_stub(shown: Any) -> None:
    assert shown("get", "hooks").splitlines()[1].split() == [POINT.key, "1", "7", "4", "Ready"]


def test_maps_list_the_ring_and_the_outputs(shown: Any) -> None:
    rows = [line.split()[:3] for line in shown("get", "maps").splitlines()[1:]]

    assert rows == [["opens", "ring", "ringbuf"], ["opens", "opens_total", "percpu_hash"], ["opens", "started", "lru_hash"]]


def test_nothing_applied_is_said_on_stderr(state: dict[str, Observed], capsys: pytest.CaptureFixture[str]) -> None:
    state["observed"] = Observed()

    assert run(["get", "policies"]) == 0
    assert capsys.readouterr() == ("", "No policies. `policyd init` writes a first one, `policyd apply -f FILE` runs it.\n")


# ------------------------------------------------------------------------------------------------ documents


def test_json_is_the_document_with_its_status(shown: Any) -> None:
    (item,) = json.loads(shown("get", "policies", "-o", "json"))["items"]

    assert {key: item[key] for key in DOCUMENT} == DOCUMENT
    assert list(item) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert item["status"]["phase"] == "Ready"
    assert item["status"]["account"]["matched"] == 12
    assert (item["status"]["lost"], item["status"]["missed"]) == (2, 4)
    assert item["status"]["overrides"] == {"watched": ["/srv"]}


def test_nothing_applied_is_an_empty_list_in_json(state: dict[str, Observed], shown: Any) -> None:
    state["observed"] = Observed()

    assert json.loads(shown("get", "policies", "-o", "json")) == {"items": []}


def test_yaml_is_the_document_as_it_was_applied(shown: Any) -> None:
    assert yaml.load(shown("get", "policy", "opens", "-o", "yaml"), Loader=yaml.BaseLoader) == DOCUMENT


def test_names_can_be_given_back(shown: Any) -> None:
    name = shown("get", "policies", "-o", "name").strip()

    assert name == "policy/opens"
    assert shown("get", name) == shown("get", "policy", "opens")


@pytest.mark.parametrize("kind", ["hooks", "maps", "records"])
def test_every_kind_has_json_and_yaml(kind: str, shown: Any) -> None:
    as_json = json.loads(shown("get", kind, "-o", "json"))["items"]

    assert as_json
    assert len(list(yaml.safe_load_all(shown("get", kind, "-o", "yaml")))) == len(as_json)


# ------------------------------------------------------------------------------------------------ names and mistakes


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["policies"], (POLICY, ())),
        (["pol", "a", "b"], (POLICY, ("a", "b"))),
        (["policy", "policy/a"], (POLICY, ("a",))),
        (["policy/a", "policies/b"], (POLICY, ("a", "b"))),
        (["hook/tracepoint:syscalls/sys_enter_openat"], (HOOK, (POINT.key,))),
        (["hook", POINT.key], (HOOK, (POINT.key,))),
    ],
)
def test_kinds_and_names_are_spelled_as_with_kubectl(words: list[str], expected: tuple[Kind, tuple[str, ...]]) -> None:
    assert parse_names(words, (POLICY, HOOK, MAP)) == expected


@pytest.mark.parametrize("words", [["pods"], ["policy/a", "hook/b"], ["policy/"], ["a"]])
def test_other_words_are_usage_errors(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_names(words, (POLICY, HOOK, MAP))


def test_an_unknown_policy_names_near_ones(state: dict[str, Observed], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["get", "policy", "open"]) == run(["describe", "policy", "open"]) == 4
    assert capsys.readouterr().err.count("did you mean `opens`?") == 2


def test_reading_needs_root_and_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("policyd.cli.context.missing", list)

    assert run(["get", "policies"]) == 77
    assert "needs root" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (-5, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (90000, "1d")]
)
def test_ages_are_as_kubectl_shows_them(seconds: float, text: str) -> None:
    assert age(seconds) == text


# ------------------------------------------------------------------------------------------------ status


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (replace(OBSERVED, hooks={}), f"{POINT.key}: not attached any more"),
        (changed(links={}), f"{POINT.key}: its link is not pinned any more"),
        (changed(running=99), f"{POINT.key}: another program runs in its place"),
        (changed(running=0), f"{POINT.key}: another program runs in its place"),
        (
            changed(record=replace(HOOK_RECORD, policies=("x",))),
            f"{POINT.key}: its program does not hold this policy's rules",
        ),
        (changed(programs={}), f"{POINT.key}: a program is not pinned any more"),
        (changed(record=replace(HOOK_RECORD, programs=())), f"{POINT.key}: it was not finished"),
        (
            replace(OBSERVED, shared={name: SHARED[name] for name in SHARED if name != "config"}),
            "shared map config is not pinned (removed, or new in this policyd): apply makes it",
        ),
        (
            changed(record=replace(HOOK_RECORD, shared={"config": 7})),
            "shared map config is not the one that its programs use",
        ),
        (replace(OBSERVED, rows={**OBSERVED.rows, COUNTER.shared: {}}), "another map stands in the row of opens_total"),
        (replace(OBSERVED, rows={**OBSERVED.rows, "rings": {5: 12}}), "another ring stands in its row"),
        (replace(OBSERVED, policies={RECORD.id: replace(OBSERVED_POLICY, ring=None)}), "its ring is not pinned any more"),
        (
            replace(OBSERVED, policies={RECORD.id: replace(OBSERVED_POLICY, maps={STARTED_PIN: MAPS[STARTED_PIN]})}),
            "map opens_total is not pinned any more",
        ),
    ],
)
def test_what_was_changed_from_outside_is_degraded_with_the_reason(
    observed: Observed, reason: str, state: dict[str, Observed], shown: Any
) -> None:
    state["observed"] = observed

    assert faults(observed, RECORD) == (reason,)
    assert "Degraded" in shown("get", "policies")
    assert reason in shown("describe", "policy", "opens")


def test_an_intact_policy_has_no_faults() -> None:
    assert faults(OBSERVED, RECORD) == ()


@pytest.mark.parametrize(
    ("flags", "mode", "phase"), [(0, "monitor", "Ready"), (2, "enforce", "Ready"), (3, "enforce", "Suspended")]
)
def test_mode_and_suspend_are_those_of_the_kernel(
    flags: int, mode: str, phase: str, state: dict[str, Observed], shown: Any
) -> None:
    state["observed"] = replace(OBSERVED, config={5: flags})

    assert shown("get", "policies").splitlines()[1].split()[1:3] == [mode, phase]


def test_a_policy_with_no_hook_here_is_not_applicable(state: dict[str, Observed], shown: Any) -> None:
    record = replace(RECORD, points=(), rules=(), not_applicable=(("open", "this kernel has no tracepoint x"),))
    state["observed"] = replace(OBSERVED, policies={RECORD.id: replace(OBSERVED_POLICY, record=record)}, hooks={})

    assert "NotApplicable" in shown("get", "policies")
    assert "rule open: this kernel has no tracepoint x" in shown("describe", "policy", "opens")


# ------------------------------------------------------------------------------------------------ describe


def test_describe_tells_rules_params_hooks_maps_and_the_account(shown: Any) -> None:
    text = shown("describe", "policy", "opens")

    for words in (
        "Who opens what",
        "team=platform",
        "monitor (actions are counted and shown, not taken)",
        "counter opens_total",
    ):
        assert words in text
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert lines["watched"] == ["watched", "path", "hand", "/srv"]
    assert lines["open"][:4] == ["open", "syscall:openat", "signal", "SIGKILL"]
    assert lines["would_act"][1] == "12"
    assert lines["missed"][1] == "4"


def test_describe_tells_what_the_agent_knows_of_a_policy(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proof = Proof("opens", False, reason="nobody reads its ring")
    known = Known({"opens": proof}, {"opens": Books("opens", 9, 7, {"ring_full": 1}, 4, 1)})
    monkeypatch.setattr("policyd.cli.describe.known_to_agent", lambda *_: known)
    text = shown("describe", "policy", "opens")
    assert re.search(r"Status: +Attached\nReasons: +nobody reads its ring\n", text)
    assert re.search(r"read +4 .*\n +waiting +1 .*\n +not counted +1 .*\n +not found +2 ", text)


def test_describe_hook_tells_programs_and_whose_rules(shown: Any) -> None:
    text = shown("describe", "hook", POINT.key)

    assert "Attached:     pd_stub (id 22)" in text
    assert any(line.split() == ["opens", "open", "signal", "SIGKILL"] for line in text.splitlines())
    assert any(line.split()[:2] == ["21", PROGRAM.name] for line in text.splitlines())


def test_an_empty_list_needs_no_map_whatever_operator_it_is_for() -> None:
    assert {form.purpose for form in FORMS.values()} == LISTS
