"""What a `print fmt` tells about fields."""

from __future__ import annotations

import pytest

from policyd.print_format import Decoder, decoders, evaluate, plain_field, split_arguments


def nothing(_: str) -> int | None:
    return None


def one(print_format: str) -> dict[str, Decoder]:
    return decoders(print_format, nothing)


def test_symbols_come_from_print_symbolic() -> None:
    text = '"action=%s", __print_symbolic(REC->vec, { 0, "HI" }, {1, "TIMER" }, { 0x2, "NET_TX" })'

    assert one(text) == {"vec": Decoder("enum", ((0, "HI"), (1, "TIMER"), (2, "NET_TX")))}


def test_flags_come_from_print_flags_even_inside_a_condition_and_behind_a_mask() -> None:
    text = '"%s%s", (REC->state & (1 | 2)) ? __print_flags(REC->state & (1|2), "|", { 1, "S" }, { 2, "D" }) : "R", "x"'

    assert one(text) == {"state": Decoder("flags", ((1, "S"), (2, "D")))}


@pytest.mark.parametrize(
    "argument",
    [
        '__print_symbolic((REC->ioprio >> 13) & 7, { 1, "rt" })',
        '__print_symbolic(1 << REC->alarm, { 1, "rt" })',
        '__print_symbolic(2ULL, { 1, "rt" })',
        '__print_symbolic(REC->a ? REC->b : 0, { 1, "rt" })',
        '__print_symbolic(REC->a, { UNKNOWN, "rt" })',
    ],
)
def test_symbols_of_something_else_than_the_field_do_not_count(argument: str) -> None:
    assert one(f'"%s", {argument}') == {}


def test_enum_constants_are_looked_up() -> None:
    text = '"%s", __print_symbolic(REC->why, { WB_REASON_SYNC, "sync" }, { OTHER, "other" })'

    assert decoders(text, {"WB_REASON_SYNC": 3}.get) == {"why": Decoder("enum", ((3, "sync"),))}


def test_of_two_names_of_a_number_the_first_counts() -> None:
    text = '"%s", __print_symbolic(REC->n, { 1, "one" }, { 1, "uno" })'

    assert one(text)["n"].symbols == ((1, "one"),)


@pytest.mark.parametrize(
    ("specifier", "argument", "kind"),
    [
        ("%pS", "(void *)REC->f", "symbol"),
        ("%ps", "REC->f", "symbol"),
        ("%pI4", "REC->f", "ip"),
        ("%pI4", "&REC->f", "ip"),
        ("%pI6c", "REC->f", "ip"),
        ("%pM", "REC->f", "mac"),
        ("%p", "REC->f", "hex"),
        ("0x%08lx", "(unsigned long)(REC->f)", "hex"),
        ("0%o", "REC->f", "mode"),
        ("%s", "REC->f", "string"),
        ("%d,%d", "((unsigned int) ((REC->f) >> 20)), ((unsigned int) ((REC->f) & ((1U << 20) - 1)))", "device"),
    ],
)
def test_specifiers_tell_a_kind(specifier: str, argument: str, kind: str) -> None:
    assert one(f'"{specifier}", {argument}') == {"f": Decoder(kind)}


@pytest.mark.parametrize(
    ("specifier", "argument"), [("%d", "REC->f"), ("%lu", "REC->f"), ("%x", "REC->f + 1"), ("%pS", "f(REC->f)")]
)
def test_other_specifiers_tell_nothing(specifier: str, argument: str) -> None:
    assert one(f'"{specifier}", {argument}') == {}


def test_specifiers_and_arguments_are_paired_past_percents_and_stars() -> None:
    text = '"100%% %*d %.*s %pS", 3, REC->a, 4, REC->b, REC->c'

    assert one(text) == {"b": Decoder("string"), "c": Decoder("symbol")}


def test_the_better_decoder_of_a_field_counts() -> None:
    text = '"%x %s", REC->f, __print_flags(REC->f, "|", { 1, "A" })'

    assert one(text)["f"].kind == "flags"


@pytest.mark.parametrize(
    "text", ["", '"nothing"', '"%s', "garbage ((((", '"%s", __print_symbolic(', '"%s", __print_flags(REC->x']
)
def test_broken_text_tells_nothing(text: str) -> None:
    assert one(text) == {}


def test_arguments_are_split_outside_strings_and_brackets() -> None:
    assert split_arguments('"a,b" "c", f(1, {2, 3}), "\\",", x[1,2]') == ['"a,b" "c"', "f(1, {2, 3})", '"\\","', "x[1,2]"]


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("REC->x", "x"),
        ("((unsigned long)(REC->x))", "x"),
        ("(enum foo)REC->x", "x"),
        ("(const struct sock *) REC->x", "x"),
        ("REC->x & 3", ""),
        ("REC->x.y", ""),
        ("(REC->x) + 1", ""),
    ],
)
def test_a_field_is_plain_but_for_casts(expression: str, field: str) -> None:
    assert plain_field(expression) == field


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("1", 1),
        ("0x10UL", 16),
        ("010", 8),
        ("(1 << 3) | 2", 10),
        ("( gfp_t)((((1UL))) << (10))", 1024),
        ("( unsigned long)(( gfp_t)0)", 0),
        ("~(1 | 2) & 0xff", 0xFC),
        ("-1", -1),
        ("7 / 2", 3),
        ("A | 1", 9),
        ("B", None),
        ("1 << 2000", 1 << 63),
        ("f(1)", None),
        ("1 / 0", None),
        ("__import__('os')", None),
        ("", None),
        ("(" * 5000, None),
    ],
)
def test_constant_expressions_are_evaluated_and_nothing_else(expression: str, number: int | None) -> None:
    assert evaluate(expression, {"A": 8}.get) == number
