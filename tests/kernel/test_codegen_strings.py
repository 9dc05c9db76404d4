"""String operators on this kernel against a model of each in Python: short and long lists, params, one and many rules.

Paths that do not exist are opened by this process; every rule counts its matches under the filters' own terms, and the
counters are compared with what the model says of each path.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable, Iterable

import pytest
from codegen_cases import Rule, leaf, params, policy, rule
from conftest import Host

from policyd.reading import open_policy
from policyd.vocabulary.types import Shape, ValueType

pytestmark = pytest.mark.kernel

OPEN = {"syscall": "openat"}
PATH = ValueType("path", Shape.STRING, 4096)
LONGEST = 4095
OTHER = f"/pd-none/{os.getpid()}"
MARK = os.O_RDONLY | os.O_NOATIME | os.O_NONBLOCK


def mine() -> dict[str, object]:
    """Return a filter for what `open_all` opens, and nothing else of this process."""
    marked = [leaf("process.pid", "Equal", os.getpid()), leaf("args.flags", "AllBits", "O_NOATIME", "O_NONBLOCK")]
    return {"allOf": marked}


def glob(pattern: str) -> re.Pattern[str]:
    """Return a glob as a regular expression: `*`, `?`, brackets, backslash."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            end = pattern.index("]", at + 2)
            body = pattern[at + 1 : end]
            out += f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]"
            at = end
        elif char == "\\":
            at += 1
            out += re.escape(pattern[at])
        else:
            out += {"*": ".*", "?": "."}.get(char, re.escape(char))
        at += 1
    return re.compile(out, re.DOTALL)


MODEL: dict[str, Callable[[str, str], bool]] = {
    "Equal": lambda text, value: text == value,
    "In": lambda text, value: text == value,
    "Prefix": lambda text, value: text.startswith(value),
    "Suffix": lambda text, value: text.endswith(value),
    "Contains": lambda text, value: value in text,
    "Under": lambda text, value: text == value.rstrip("/") or text.startswith(value.rstrip("/") + "/"),
    "Glob": lambda text, value: glob(value).fullmatch(text) is not None,
}
NEGATIVE = {name: "Not" + name for name in MODEL}


def matches(operator: str, text: str, values: Iterable[str]) -> bool:
    return any(MODEL[operator](text, value) for value in values)


def open_all(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            os.close(os.open(path, MARK))
        except OSError:
            continue


def counted(host: Host, name: str) -> dict[str, int]:
    """Return each counter of a policy; those that nothing was counted in are 0."""
    return {
        metric: sum(int(value) for _, value in series) for metric, series in open_policy(host.kernel, name).metrics().items()
    }  # type: ignore[arg-type]


class Case:
    """One filter with what the model says of it."""

    def __init__(self, number: int, operator: str, values: list[str], form: str, negate: bool) -> None:
        self.name, self.operator, self.values, self.form, self.negate = f"n{number}", operator, values, form, negate

    def rule(self) -> Rule:
        operator = NEGATIVE[self.operator] if self.negate else self.operator
        param = f"p_{self.name}" if self.form == "param" else ""
        return rule(
            self.name,
            OPEN,
            [mine(), leaf("args.filename", operator, *self.values, param=param)],
            [{"counter": {"name": self.name, "help": "Matches"}}],
        )

    def expected(self, paths: Iterable[str]) -> int:
        return sum(matches(self.operator, path, self.values) != self.negate for path in paths)


def word(random_: random.Random, longest: int) -> str:
    return "".join(random_.choice("ab/.-é") for _ in range(random_.randint(1, longest)))


def paths_of(random_: random.Random) -> list[str]:
    """Return paths below a name that does not exist, over a small alphabet so that patterns hit, of all lengths."""
    near = [255 + n for n in range(-4, 4)] + [LONGEST - 1, LONGEST]
    found = ["/pd-none/" + word(random_, 12) for _ in range(40)]
    for length in near:
        text = "/pd-none/" + word(random_, 40)
        found.append((text + "a" * LONGEST)[:length])
        found.append(("/pd-none/" + "b/" * LONGEST)[: length - 4] + ".aba")
    return [path.encode()[:LONGEST].decode(errors="ignore") for path in found] + ["/", "/pd-none", "/pd-none/", "pd-none"]


def cases(random_: random.Random, paths: list[str]) -> list[Case]:
    """Return filters whose values are parts of the paths, and some that are not."""

    def part(operator: str) -> str:
        path = random_.choice(paths)
        a, b = sorted((random_.randint(0, min(len(path), 300)), random_.randint(1, min(len(path), 300))))
        parts = {
            "Prefix": path[:b],
            "Suffix": path[-b:],
            "Contains": path[a : b + 1] or "a",
            "Under": path[: path.rfind("/", 0, b + 1) + random_.randint(0, 1)] or "/",
            "Glob": "*".join(re.sub(r"[\\*?\[]", "?", path[at : at + 3]) for at in range(0, min(len(path), 30), 6)) + "*",
        }
        return parts.get(operator, path)

    found = []
    for operator in MODEL:
        sizes = [1] if operator == "Equal" else [1, 3, 20] if operator not in {"Contains", "Glob"} else [1, 5]
        forms = [("literal", size) for size in sizes] * 2
        forms += [("param", 4)] * 2 if operator in {"In", "Prefix", "Suffix", "Under"} else []
        for form, size in forms:
            longest = 200 if form == "param" else LONGEST if operator == "Equal" else 600
            values = [part(operator).encode()[:longest].decode(errors="ignore") for _ in range(size)]
            found += [Case(len(found) + n, operator, values, form, bool(n)) for n in range(2)]
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_every_operator_agrees_with_its_model(host: Host, seed: int) -> None:
    random_ = random.Random(seed)
    paths = paths_of(random_)
    every = cases(random_, paths)
    given = {f"p_{case.name}": {"type": "path", "values": case.values} for case in every if case.form == "param"}
    host.apply(policy("strings", [case.rule() for case in every], given))

    open_all(paths)

    found = counted(host, "strings")
    wrong = {
        f"{case.name} {'Not' * case.negate}{case.operator} {case.form} {[v[:80] for v in case.values]}": (
            found[case.name],
            case.expected(paths),
        )
        for case in every
        if found[case.name] != case.expected(paths)
    }
    assert not wrong
    assert any(found[case.name] for case in every if not case.negate)
    account = host.account("strings")
    assert account["unread"] == 0


def test_twenty_searches_of_a_long_path_match_where_they_should(host: Host) -> None:
    needles = [f"needle-{number:02}" for number in range(20)]
    rules = [
        rule(
            f"r{n}", OPEN, [mine(), leaf("args.filename", "Contains", needle)], [{"counter": {"name": f"c{n}", "help": "N"}}]
        )
        for n, needle in enumerate(needles)
    ]
    host.apply(policy("searches", rules))
    at = [0, 1, 7, 8, 100, 4000, LONGEST - 18]
    paths = [
        ("/pd-none" + "x" * at[n % len(at)] + needle).ljust(LONGEST if n % 2 else 0, "y")[:LONGEST]
        for n, needle in enumerate(needles)
    ]

    open_all(paths)

    assert counted(host, "searches") == {f"c{n}": sum(needle in path for path in paths) for n, needle in enumerate(needles)}


def test_two_hundred_searches_of_a_short_string_match_where_they_should(host: Host) -> None:
    rules = [
        rule(f"r{n}", OPEN, [mine(), leaf("process.exe", "Contains", text)], [{"counter": {"name": f"c{n}", "help": "N"}}])
        for n, text in enumerate(["python", os.path.realpath("/proc/self/exe")[1:], *(f"no-{n}" for n in range(198))])
    ]
    host.apply(policy("searches", rules))
    before = counted(host, "searches")

    open_all(["/pd-none"] * 5)

    after = counted(host, "searches")
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed.keys() == {"c0", "c1"}
    assert changed["c0"] >= 5


def test_a_search_that_only_matters_sometimes_is_made_then(host: Host) -> None:
    """Searches behind cheap filters, in alternatives, negated, of two machines: none changes the answer by being skipped."""
    first, second = leaf("args.filename", "Contains", "first"), leaf("args.filename", "Glob", "*second*")
    creates = leaf("args.flags", "AnyBits", "O_CREAT")
    trees = {
        "both": [first, second],
        "either": [{"anyOf": [first, second]}],
        "neither": [{"not": {"anyOf": [first, second]}}],
        "or-cheap": [{"anyOf": [creates, first]}],
        "and-cheap": [creates, second],
        "mixed": [{"anyOf": [{"allOf": [creates, first]}, {"allOf": [{"not": creates}, second]}]}],
    }
    rules = [
        rule(name, OPEN, [mine(), *tree], [{"counter": {"name": name.replace("-", "_"), "help": "N"}}])
        for name, tree in trees.items()
    ]
    host.apply(policy("sometimes", rules))

    for name in ("x", "first", "second", "first-second"):
        for flags in (MARK, MARK | os.O_CREAT):
            with pytest.raises(OSError, match="pd-none"):
                os.open(f"/pd-none/{name}", flags)

    expected = {"both": 2, "either": 6, "neither": 2, "or_cheap": 6, "and_cheap": 2, "mixed": 4}
    assert counted(host, "sometimes") == expected


def test_other_strings_agree_with_their_model_too(host: Host) -> None:
    """The name of a process (16 bytes), its program and arguments (the table), and what it executes."""
    filters = {
        "comm_in": leaf("process.comm", "In", "pd-strings", "other"),
        "comm_suffix": leaf("process.comm", "Suffix", "-strings", "x"),
        "comm_contains": leaf("process.comm", "Contains", "string"),
        "comm_long": leaf("process.comm", "In", *(f"c{n}" for n in range(20)), "pd-strings"),
        "exe_under": leaf("process.exe", "Under", "/usr", "/bin"),
        "exe_glob": leaf("process.exe", "Glob", "/*/perl*"),
        "exe_param": leaf("process.exe", "Under", param="folders"),
        "args_contains": leaf("process.args", "Contains", "-e open"),
        "args_suffix": leaf("process.args", "Suffix", "last word"),
        "parent_exe": leaf("process.parent.exe", "Contains", "python"),
        "parent_comm": leaf("process.parent.comm", "NotEqual", "pd-strings"),
    }
    here = leaf("args.filename", "Equal", OTHER)
    rules = [
        rule(name.replace("_", "-"), OPEN, [here, filter_], [{"counter": {"name": name, "help": "N"}}])
        for name, filter_ in filters.items()
    ]
    host.apply(policy("others", rules, {"folders": {"type": "path", "values": ["/usr", "/opt"]}}))
    program = 'open(C, ">/proc/self/comm"); print C "pd-strings"; close(C); open(F, "<", "' + OTHER + '"); exit 0'

    subprocess.run(["/usr/bin/perl", "-e", program, "the", "last word"], check=True, timeout=60)

    assert counted(host, "others") == dict.fromkeys(filters, 1)


def test_a_string_that_was_cut_says_so(host: Host) -> None:
    fields = {"event": {"fields": ["args.filename"]}}
    host.apply(policy("cuts", [rule("r", OPEN, [mine(), leaf("args.filename", "Prefix", "/pd-none")], [fields])]))
    whole, cut = "/pd-none".ljust(LONGEST, "x"), "/pd-none".ljust(LONGEST + 1, "x")

    open_all([whole, cut, "/pd-none"])

    found = open_policy(host.kernel, "cuts").events()
    assert [(len(event.fields["args_filename"]), bool(event.cut)) for event in found] == [
        (LONGEST, False),
        (LONGEST, True),
        (8, False),
    ]


def test_params_of_strings_can_be_empty(host: Host) -> None:
    given = params([PATH])
    rules = [
        rule(name, OPEN, [mine(), leaf("args.filename", operator, param=param)], [{"counter": {"name": name, "help": "N"}}])
        for name, operator, param in (
            ("optional", "Under", "path_list_empty"),
            ("negated", "NotIn", "path_list_empty"),
            ("none", "In", "nothing"),
            ("all", "NotIn", "nothing"),
        )
    ]
    used = {"path_list_empty": given["path_list_empty"], "nothing": {"type": "path", "values": []}}
    host.apply(policy("empty", rules, used))

    open_all(["/pd-none"] * 3)

    assert counted(host, "empty") == {"optional": 3, "negated": 3, "none": 0, "all": 3}
