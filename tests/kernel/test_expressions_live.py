"""Expressions on this kernel against a model of them in Python: what is computed of a call's numbers, by the dozen.

A thread calls `prctl` with numbers of its choice, among them the ends of every type; each event has a column an expression,
and each expression is what the model says of those numbers: signs, wraps, divisions by zero, shifts too far, absent values.
"""

from __future__ import annotations

import ctypes
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from codegen_cases import policy, rule
from conftest import Host, both_builders

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

PRCTL = {"x86_64": 157, "aarch64": 167}[os.uname().machine]
MARK = 0x70646578
COLUMNS = 32
"""Expressions of one event."""
FILTERS = 12

Numbers = tuple[int, int, int, int]


def wrapped(number: int, bits: int, signed: bool) -> int:
    """Return what a number of that many bits keeps of it."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if signed and number >> bits - 1 else number


@dataclass(frozen=True, slots=True)
class Node:
    """An expression, the sign of its type, and what the model says it is worth; None is absent."""

    text: str
    signed: bool
    of: Callable[[Numbers], int | None]


def variable(path: str, index: int, bits: int, signed: bool) -> Node:
    return Node(path, signed, lambda numbers: wrapped(numbers[index], bits, signed))


VARIABLES = (
    variable("args.arg2", 0, 64, signed=False),
    variable("args[2]", 1, 64, signed=False),
    variable("args.arg4.as(s64)", 2, 64, signed=True),
    variable("args.arg3.as(s64)", 1, 64, signed=True),
    variable("args.arg5.as(s32)", 3, 32, signed=True),
    variable("args.arg5.as(u16)", 3, 16, signed=False),
    variable("args.arg2.as(s8)", 0, 8, signed=True),
    variable("narrow", 2, 8, signed=False),
)
LET = {"narrow": {"field": "args.arg4", "as": "u8"}}
EDGES = (0, 1, 2, 7, 63, 64, 65, 127, 128, 255, 256, 0x7FFF, 0x8000, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, 1 << 32)
EVERY_EDGE = (*EDGES, *(-edge for edge in EDGES), 1 << 63, (1 << 63) - 1, (1 << 64) - 2)


def divided(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def rest(a: int, b: int) -> int:
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


ARITHMETIC: dict[str, Callable[[int, int], int | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: divided(a, b) if b else None,
    "%": lambda a, b: rest(a, b) if b else None,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Maker:
    """Makes random expressions, and knows what each is worth."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, depth: int) -> Node:
        if depth == 0:
            return self.random.choice(VARIABLES)
        makers = (self._arithmetic, self._arithmetic, self._shift, self._sign, self._extreme, self._default, self._choice)
        return self.random.choice((*makers, self._cast))(depth - 1)

    def condition(self, depth: int) -> Node:
        if depth == 0:
            return self._comparison(0)
        return self.random.choice((self._comparison, self._comparison, self._logic, self._no, self._has, self._in))(
            depth - 1
        )

    def _constant(self, least: int = -300) -> Node:
        number = self.random.choice([self.random.randint(least, 300), self.random.choice([63, 64, 1 << 40])])
        return Node(f"({number})", number < 0, lambda _: number)

    def _arithmetic(self, depth: int) -> Node:
        sign = self.random.choice(list(ARITHMETIC))
        left, right = self.number(depth), self.random.choice((self.number(depth), self._constant()))
        if right.text == "(0)":
            right = self.number(depth)
        signed = left.signed or right.signed

        def of(numbers: Numbers) -> int | None:
            a, b = left.of(numbers), right.of(numbers)
            if a is None or b is None:
                return None
            found = ARITHMETIC[sign](wrapped(a, 64, signed), wrapped(b, 64, signed))
            return None if found is None else wrapped(found, 64, signed)

        return Node(f"({left.text} {sign} {right.text})", signed, of)

    def _shift(self, depth: int) -> Node:
        up = self.random.random() < 0.5
        left, by = self.number(depth), self.random.choice((self.number(0), self._constant(0)))

        def of(numbers: Numbers) -> int | None:
            a, places = left.of(numbers), by.of(numbers)
            if a is None or places is None:
                return None
            places = min(wrapped(places, 64, signed=False), 64)
            return wrapped(a << places if up else a >> places, 64, left.signed)

        return Node(f"({left.text} {'<<' if up else '>>'} {by.text})", left.signed, of)

    def _sign(self, depth: int) -> Node:
        one, negative = self.number(depth), self.random.random() < 0.5
        signed = one.signed or negative

        def of(numbers: Numbers) -> int | None:
            a = one.of(numbers)
            return None if a is None else wrapped(-a if negative else ~a, 64, signed)

        return Node(f"{'-' if negative else '~'}{one.text}", signed, of)

    def _cast(self, depth: int) -> Node:
        one, bits, signed = self.number(depth), self.random.choice((8, 16, 32, 64)), self.random.random() < 0.5

        def of(numbers: Numbers) -> int | None:
            a = one.of(numbers)
            return None if a is None else wrapped(a, bits, signed)

        return Node(f"({one.text}).as({'s' if signed else 'u'}{bits})", signed, of)

    def _extreme(self, depth: int) -> Node:
        name = self.random.choice(("min", "max"))
        parts = [self.number(depth) for _ in range(self.random.randint(2, 3))]
        signed = any(part.signed for part in parts)

        def of(numbers: Numbers) -> int | None:
            found = [part.of(numbers) for part in parts]
            known = [one for one in found if one is not None]
            return wrapped((min if name == "min" else max)(known), 64, signed) if len(known) == len(found) else None

        return Node(f"{name}({', '.join(part.text for part in parts)})", signed, of)

    def _default(self, depth: int) -> Node:
        first, second = self.number(depth), self.number(depth)
        signed = first.signed or second.signed

        def of(numbers: Numbers) -> int | None:
            a = first.of(numbers)
            found = second.of(numbers) if a is None else a
            return None if found is None else wrapped(found, 64, signed)

        return Node(f"({first.text} ?? {second.text})", signed, of)

    def _choice(self, depth: int) -> Node:
        condition, yes, no = self.condition(depth), self.number(depth), self.number(depth)
        signed = yes.signed or no.signed

        def of(numbers: Numbers) -> int | None:
            found = (yes if condition.of(numbers) else no).of(numbers)
            return None if found is None else wrapped(found, 64, signed)

        return Node(f"({condition.text} ? {yes.text} : {no.text})", signed, of)

    def _comparison(self, depth: int) -> Node:
        sign, parts = self.random.choice(list(COMPARISONS)), [self.number(depth), self.number(depth)]
        if self.random.random() < 0.3:  # what every type can be
            number = self.random.randint(0, 100)
            parts[self.random.randint(0, 1)] = Node(str(number), False, lambda _: number)
        left, right = parts

        def of(numbers: Numbers) -> int:
            a, b = left.of(numbers), right.of(numbers)
            return sign == "!=" if a is None or b is None else COMPARISONS[sign](a, b)

        return Node(f"({left.text} {sign} {right.text})", False, of)

    def _logic(self, depth: int) -> Node:
        every = self.random.random() < 0.5
        parts = [self.condition(depth) for _ in range(self.random.randint(2, 3))]
        text = f" {'&&' if every else '||'} ".join(part.text for part in parts)
        return Node(f"({text})", False, lambda numbers: (all if every else any)(part.of(numbers) for part in parts))

    def _no(self, depth: int) -> Node:
        one = self.condition(depth)
        return Node(f"!{one.text}", False, lambda numbers: not one.of(numbers))

    def _has(self, depth: int) -> Node:
        one = self.number(depth)
        return Node(f"has({one.text})", False, lambda numbers: one.of(numbers) is not None)

    def _in(self, depth: int) -> Node:
        one, others = self.number(depth), [self.number(0) for _ in range(2)]
        text = f"({one.text} in [{', '.join(other.text for other in others)}])"
        return Node(text, False, lambda numbers: one.of(numbers) in [other.of(numbers) for other in others])


def calls(seed: int) -> Iterator[Numbers]:
    """Yield arguments for a dozen calls: ends of types, small numbers, and any numbers."""
    chosen = random.Random(seed)
    yield (0, 0, 0, 0)
    yield (1 << 63, (1 << 64) - 1, 1 << 63, -1)
    for _ in range(14):
        kinds = (lambda: chosen.choice(EVERY_EDGE), lambda: chosen.randint(-3, 70), lambda: chosen.getrandbits(64))
        a, b, c, d = (chosen.choice(kinds)() for _ in range(4))
        yield a, b, c, d


def call(numbers: Numbers) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(*(ctypes.c_long(wrapped(number, 64, signed=True)) for number in (PRCTL, MARK, *numbers)))


def shown(value: int | None, *, is_condition: bool) -> object:
    return value if value is None or not is_condition else bool(value)


def columns(maker: Maker) -> list[tuple[Node, bool]]:
    """Return expressions for the columns of an event: every third is a condition."""
    return [(maker.condition(3), True) if index % 3 == 0 else (maker.number(3), False) for index in range(COLUMNS)]


@both_builders
def test_expressions_are_worth_what_the_model_says(host: Host) -> None:
    maker = Maker(20)
    shows = {f"r{number}": columns(maker) for number in range(3)}
    asks = {f"f{number}": maker.condition(3) for number in range(FILTERS)}
    hook, mine = {"syscall": "prctl"}, {"expr": f"args.option == {MARK} && process.pid == {os.getpid()}"}
    rules = []
    for name, nodes in shows.items():
        event = {"event": {"fields": {f"c{index}": node.text for index, (node, _) in enumerate(nodes)}}}
        rules.append(rule(name, hook, [mine], [event], let=LET))
    for name, node in asks.items():
        counter = {"counter": {"name": name, "help": "Matches"}}
        used = LET if "narrow" in node.text else {}
        rules.append(rule(name, hook, [mine, {"expr": node.text}], [counter], let=used))
    host.apply(policy("expressions", rules))
    made = list(calls(20))
    for numbers in made:
        call(numbers)
    found: dict[str, list[dict[str, object]]] = {name: [] for name in shows}
    for event in open_policy(host.kernel, "expressions").events():
        found[event.origin.rule].append(dict(event.fields))
    for name, nodes in shows.items():
        assert len(found[name]) == len(made)
        for numbers, fields in zip(made, found[name], strict=True):
            told = {node.text: fields[f"c{index}"] for index, (node, _) in enumerate(nodes)}
            model = {node.text: shown(node.of(numbers), is_condition=truth) for node, truth in nodes}
            assert {text: (told[text], model[text]) for text in model if told[text] != model[text]} == {}, numbers
    counts = {node.text: host.count("expressions", name) for name, node in asks.items()}
    assert counts == {node.text: sum(bool(node.of(numbers)) for numbers in made) for node in asks.values()}
