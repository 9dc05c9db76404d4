"""Whatever is written as an expression gets a value or a problem with a place; nothing else comes out of it."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resolving import HOST, saved_target

from policyd.errors import PolicyError
from policyd.parsing import parse_policies
from policyd.resolve import resolve
from policyd.text import is_safe

HOOKS = (
    {"syscall": "openat"},
    {"syscall": {"names": ["read"], "phase": "exit"}},
    {"cgroup": "connect4"},
    {"xdp": "eth0"},
    {"raw_tracepoint": "sched_switch"},
    {"raw_tracepoint": "tcp_probe"},
)
_PATHS = (
    *(
        "args.flags",
        "args.filename",
        "args.mode",
        "args[0]",
        "args.next",
        "args.prev.comm",
        "args.sk",
        "args.nope",
        "ret",
        "args",
    ),
    *(
        "process.comm",
        "process.uid",
        "process.exe",
        "process.ancestors",
        "process.namespaces.mnt",
        "process",
        "process.parent.comm",
    ),
    *(
        "time",
        "cpu",
        "duration",
        "hook.name",
        "hook.kind",
        "dst.ip",
        "dst.port",
        "family",
        "protocol",
        "tcp.flags",
        "eth.src",
    ),
    *(
        "process.capabilities.effective",
        "params.list",
        "params.one",
        "params.none",
        "params",
        "rows",
        "a",
        "b",
        "whole",
        "kernel.stack",
    ),
)
_CONSTANTS = (
    *(
        "0",
        "1",
        "-1",
        "64",
        "0x10",
        "0755",
        "10ms",
        "5Ki",
        "1.5",
        "18446744073709551616",
        "true",
        "false",
        "O_CREAT",
        "AF_INET",
        "tcp",
    ),
    *(
        '"x"',
        '""',
        "'a b'",
        '"10.0.0.0/8"',
        '"::1"',
        'ip("192.0.2.1")',
        'cidr("10.0.0.0/8")',
        "root",
        "host",
        "nothing",
        "SIGKILL",
    ),
)
_SIGNS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??", "in")
_CALLS = (
    "has({})",
    "size({})",
    "min({}, 3)",
    "max({}, {})",
    "first({}, args.flags)",
    "late({})",
    "ip({})",
    "[{}, {}]",
    "({})",
)
_TYPES = (
    "u8",
    "s64",
    "errno",
    "ip",
    "mac",
    "string16",
    "bytes4",
    "task_struct",
    "tcp_sock",
    "sockaddr",
    "duration",
    "enum",
    "qq",
)
_METHODS = (
    "startsWith({})",
    "contains({})",
    "glob({})",
    "under({})",
    "has({})",
    "bytes({})",
    "bytes({}, 8)",
    "comm",
    "born",
    "x",
)

_LEAVES = st.sampled_from((*_PATHS, *_CONSTANTS))


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(_SIGNS), inner).map(" ".join),
        st.tuples(st.sampled_from("!-~"), inner).map("".join),
        st.tuples(inner, inner, inner).map(lambda three: "{} ? {} : {}".format(*three)),
        st.tuples(st.sampled_from(_CALLS), inner, inner).map(lambda call: call[0].format(*call[1:])),
        st.tuples(inner, st.sampled_from(_METHODS), inner).map(lambda call: f"{call[0]}.{call[1].format(call[2])}"),
        st.tuples(inner, st.sampled_from(_TYPES)).map(lambda cast: f"{cast[0]}.as({cast[1]})"),
        st.tuples(st.sampled_from(("rows", "a", "args.flags")), inner).map(lambda row: f"{row[0]}[{row[1]}]"),
    )


EXPRESSIONS = st.recursive(_LEAVES, _grown, max_leaves=6)


def policy(hook: object, filters: str, column: str, named: str) -> bytes:
    """Return a policy that has three expressions: of a filter, a column and a name."""
    rule = {
        "name": "it",
        "hook": hook,
        "let": {"a": named, "b": {"field": "a", "as": "hex"}, "whole": {"table": "rows", "key": ["cpu"]}},
        "filters": [{"expr": filters}],
        "outputs": [
            {"event": {"fields": {"it": column}}},
            {"sum": {"name": "s", "help": "S", "value": column, "by": {"k": named}}},
        ],
    }
    spec = {
        "params": {"list": {"type": "path", "values": ["/etc"]}, "one": {"type": "u32", "value": 3}},
        "tables": {"rows": {"key": {"n": "u64"}, "value": {"born": "time", "x": "string16"}}},
        "rules": [rule],
    }
    whole = {"apiVersion": "policyd.dev/v1alpha1", "kind": "Policy", "metadata": {"name": "tried"}, "spec": spec}
    return json.dumps(whole).encode()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(HOOKS), EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
def test_any_expression_has_a_value_or_a_problem(hook: object, filters: str, column: str, named: str) -> None:
    loaded = parse_policies(policy(hook, filters, column, named), "tried.yaml")
    problems = loaded.problems
    if loaded.policies:
        try:
            problems = resolve(loaded.policies[0], saved_target(), HOST).warnings
        except PolicyError as error:
            problems = tuple(error.problems)
    for problem in problems:
        assert problem.position is not None
        assert is_safe(problem.message + problem.hint)
