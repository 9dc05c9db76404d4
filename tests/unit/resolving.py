"""Policies of a few lines, resolved: what the resolver's tests share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from policyd.errors import PolicyError, Problem
from policyd.kernel.bpf.btf import Btf
from policyd.parsing import parse_policies
from policyd.resolve import Host, Resolved, resolve
from policyd.target import Target
from policyd.tracefs import SavedFormats
from policyd.vocabulary.syscalls import syscalls

if TYPE_CHECKING:
    from policyd.unit import TypedPolicy, TypedRule

FORMATS = Path(__file__).with_name("formats")
HOST = Host(
    {"lo": "ethernet", "eth0": "ethernet", "eth1": "ethernet", "wg0": "none"},
    "/cgroup",
    lambda path: "gone" not in path,
    indexes={"lo": 1, "eth0": 2, "eth1": 3, "wg0": 4},
)


@cache
def saved_target() -> Target:
    """The running kernel's types (readable by everyone), all system calls, and the saved tracepoint formats."""
    texts = {file.stem.replace(".", "/", 1): file.read_text(encoding="utf-8") for file in FORMATS.glob("*.format")}
    texts |= {f"syscalls/sys_enter_{call.event}": "" for call in syscalls("x86_64").values() if call.event}
    return Target("x86_64", "6.18", "the saved formats", SavedFormats(texts), Btf.load)


def policy_text(rules: str, spec: str = "") -> str:
    """Return a whole policy of `rules` (a YAML list) and further keys of its spec."""
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: tried}\nspec:\n"
    return f"{head}{indent(spec.strip(), '  ')}\n  rules:\n{indent(rules.strip(), '    ')}\n"


def one_rule(hook: str, filters: str = "", outputs: str = "[{counter: {name: seen, help: Seen}}]", more: str = "") -> str:
    """Return the YAML of one rule, each part in flow style."""
    parts = [f"name: it, hook: {hook}"]
    parts += [f"filters: {filters}"] if filters else []
    parts += [f"outputs: {outputs}"] if outputs else []
    parts += [more] if more else []
    return f"- {{{', '.join(parts)}}}"


def resolved(rules: str, spec: str = "", host: Host = HOST) -> Resolved:
    """Return what `resolve` makes of the rules."""
    (policy,) = parse_policies(policy_text(rules, spec).encode(), "tried.yaml").require()
    return resolve(policy, saved_target(), host)


def typed(rules: str, spec: str = "") -> TypedPolicy:
    return resolved(rules, spec).policy


def rule(hook: str, filters: str = "", **parts: str) -> TypedRule:
    """Return the first typed rule of a policy with one rule."""
    return typed(one_rule(hook, filters, **parts)).rules[0]


def problems(rules: str, spec: str = "") -> tuple[Problem, ...]:
    """Return the errors that `resolve` finds."""
    try:
        resolved(rules, spec)
    except PolicyError as error:
        return tuple(problem for problem in error.problems if problem.severity == "error")
    return ()


def problem(rules: str, spec: str = "") -> Problem:
    """Return the one error there is, which has a place in the file."""
    (found,) = problems(rules, spec)
    assert found.position is not None, found
    assert found.position.line > 1, found
    return found
