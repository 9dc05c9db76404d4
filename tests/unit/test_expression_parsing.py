"""Texts become trees, with the precedence that the grammar says; what is no expression is told with what was meant."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyd.document import Mapping, Scalar, position_in
from policyd.document import parse as parse_yaml
from policyd.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    Binary,
    Call,
    Choice,
    ExpressionError,
    Index,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Unary,
    parse,
    path_of,
    root_of,
    walk,
)
from policyd.text import is_safe


def spelled(node: Node) -> str:
    """Return a tree with every group in parentheses."""
    match node:
        case Binary(operator=operator, left=left, right=right):
            return f"({spelled(left)} {operator} {spelled(right)})"
        case Unary(operator=operator, operand=operand):
            return f"{operator}{spelled(operand)}"
        case Logic(operator=operator, parts=parts):
            return f"({f' {operator} '.join(map(spelled, parts))})"
        case Choice(condition=condition, yes=yes, no=no):
            return f"({spelled(condition)} ? {spelled(yes)} : {spelled(no)})"
        case _:
            return node.spelled


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c % d", "(((a / b) * c) % d)"),
        ("-a + ~b", "(-a + ~b)"),
        ("a & b == c | d", "((a & b) == (c | d))"),
        ("a | b ^ c & d << e + f", "(a | (b ^ (c & (d << (e + f)))))"),
        ("a << b >> c", "((a << b) >> c)"),
        ("a ?? b ?? c > d", "((a ?? (b ?? c)) > d)"),
        ("a | b ?? c", "((a | b) ?? c)"),
        ("a < b && c || d == e && !f", "(((a < b) && c) || ((d == e) && !f))"),
        ("a && b && c", "(a && b && c)"),
        ("a || b ? c : d ? e : f", "((a || b) ? c : (d ? e : f))"),
        ("a in [1, 2] && b", "((a in [1, 2]) && b)"),
        ("!a.has(c)", "!a.has(c)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("interface == innate", "(interface == innate)"),
    ],
)
def test_operators_bind_as_they_are_documented(text: str, grouped: str) -> None:
    assert spelled(parse(text)) == grouped


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("O_CREAT", Name("O_CREAT")),
        ("10ms", Literal("10ms")),
        ("0x1f", Literal("0x1f")),
        ("1.5Gi", Literal("1.5Gi")),
        ("true", Literal("true")),
        (r'"a\"b\\c\n\x41\u00e9"', Literal('a"b\\c\nAé', quoted=True)),
        ("'it\\'s'", Literal("it's", quoted=True)),
        ("args[0].pid", Member(Index(Name("args"), (Literal("0"),)), "pid")),
        ("held[a, b]", Index(Name("held"), (Name("a"), Name("b")))),
        ("ret.as(errno)", Call("as", (Name("errno"),), Name("ret"))),
        ("size(args.path)", Call("size", (Member(Name("args"), "path"),))),
        ("a.in", Member(Name("a"), "in")),
    ],
)
def test_a_text_becomes_its_tree(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "path", "root"),
    [
        ("process.comm", "process.comm", "process"),
        ("args[0].a[12].b", "args[0].a[12].b", "args"),
        ("args.p.container_of(sched_entity.se).pid", "args.p.container_of(sched_entity.se).pid", "args"),
        ("births[args.sk].born", "", "births"),
        ("args.sk.as(tcp_sock).bytes_acked", "", ""),
        ("a + b", "", ""),
        ("args['x']", "", "args"),
    ],
)
def test_a_path_is_known_as_one(text: str, path: str, root: str) -> None:
    assert (path_of(parse(text)), root_of(parse(text))) == (path, root)


@pytest.mark.parametrize(
    ("text", "offset", "told"),
    [
        ("", 0, "not nothing"),
        ("a = b", 2, "`==` compares"),
        ("a === b", 4, "`==` is equal"),
        ("a <> b", 3, "`!=` is not equal"),
        ("a =~ b", 2, "x.glob"),
        ("a and b", 2, "`&&` joins"),
        ("a OR b", 2, "`||` joins"),
        ("not a", 4, "`!` negates"),
        ("a not in b", 2, "!(x in"),
        ("a is not b", 2, "`!=` compares"),
        ("a < b < c", 6, "a < b && b < c"),
        ("10 ms", 3, "10ms"),
        ("a ** b", 3, "no power"),
        ("a // b", 3, "whole number"),
        ("a->b", 2, "a dot follows pointers"),
        ("(a + b", 0, "end it by `)`"),
        ("a[1", 1, "end it by `]`"),
        ("a + b)", 5, "closes nothing"),
        ("a +", 3, "wanted"),
        ("a == 'x", 5, "does not end"),
        ("a == \u201cx\u201d", 5, "texts stand in"),
        ("a b", 2, "an operator is missing"),
        ("a ? b", 5, "wanted"),
        ("a; b", 1, "explain expressions"),
        (r'"\q"', 0, "no escape"),
        (r'"\x00"', 0, "no character"),
        ("a[]", 0, "holds nothing"),
        ("foo(a)", 0, "no function"),
        ("a.foo(b)", 0, "no method"),
        ("startsWith(a)", 0, "x.startsWith"),
        ("a.size()", 0, "size(x)"),
        ("sise(a)", 0, "did you mean `size`"),
        ("size(a, b)", 0, "takes 1 argument"),
        ("min(a)", 0, "takes 2 to 8"),
        ("a.container_of(b)", 0, "TYPE.MEMBER"),
    ],
)
def test_what_is_no_expression_is_told_where_and_with_what_was_meant(text: str, offset: int, told: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert told in f"{caught.value.message}; {caught.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 900 + "a" + ")" * 900,
        "!" * (MAX_DEPTH + 1) + "a",
        "+".join("a" * (MAX_DEPTH + 2)),
        "a" * (MAX_LENGTH + 1),
        "a?" * 500,
        "-" * MAX_LENGTH,
        "a" + ".b" * 900,
        "a[" * 600 + "0" + "]" * 600,
    ],
)
def test_no_text_is_too_deep_or_too_long_to_be_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


_SIGNS = "+ - * / % & | ^ ~ ! ? : ( ) [ ] . , < > = && || == != ?? << >> in a args 7 10ms 'x' \" has size as \\"
_WORDS = st.sampled_from([*_SIGNS.split(" "), " ", "\n", "\ud800", "\x1b[31m", "\u202e"])


def parsed(text: str) -> Node | ExpressionError:
    try:
        return parse(text)
    except ExpressionError as error:
        return error


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.lists(_WORDS, max_size=24).map("".join), st.text(max_size=60)))
def test_any_text_is_a_tree_or_an_error_that_can_be_shown(text: str) -> None:
    found = parsed(text)
    if isinstance(found, ExpressionError):
        assert 0 <= found.offset <= max(len(text), 1)
        assert is_safe(found.message + found.hint)
        return
    for part in walk(found):
        assert 0 <= part.at < len(text)
        assert " ".join(text[part.at :].split()).startswith(part.spelled)


@pytest.mark.parametrize(
    "line",
    ["abc xyz", "'abc xyz'", '"abc xyz"', "'ab''c xyz'", r'"ab\"\\c xyz"', "  abc xyz", "[abc xyz]", "!!str 'abc xyz'"],
)
def test_an_offset_is_a_column_of_the_file(line: str) -> None:
    (document,) = parse_yaml(f"key: {line}\n".encode(), "f")
    assert isinstance(document.root, Mapping)
    value = document.root.items[0][1]
    scalar = value if isinstance(value, Scalar) else value.items[0]
    assert isinstance(scalar, Scalar)
    wanted = f"key: {line}".index("xyz") + 1
    found = position_in(scalar, scalar.text.index("xyz")).column
    assert found == (scalar.position.column if "!!str" in line else wanted)


@pytest.mark.parametrize("line", ["|\n  abc\n  xyz", ">-\n  abc xyz", '"abc\n  xyz"', r'"\x61bc xyz"'])
def test_what_is_not_on_one_line_as_it_is_stands_at_its_beginning(line: str) -> None:
    (document,) = parse_yaml(f"key: {line}\n".encode(), "f")
    assert isinstance(document.root, Mapping)
    scalar = document.root.items[0][1]
    assert isinstance(scalar, Scalar)
    assert position_in(scalar, scalar.text.index("xyz")) == scalar.position


@pytest.mark.parametrize("text", ["process", "true", "a.in.b", "args[0]", "args[0][12].b_1.c", "in.a", "in"])
def test_a_plain_path_is_the_same_tree_without_the_parser(text: str) -> None:
    def facts(node: Node | ExpressionError) -> object:
        return [(part, part.at, part.spelled) for part in walk(node)] if not isinstance(node, ExpressionError) else "wrong"

    assert facts(parsed(text)) == facts(parsed(f"{text} ")) != "wrong"


def test_plain_paths_do_without_the_parser() -> None:
    script = "import sys; from policyd.expression import parse; parse('args[0].pid'); print('lark' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
