"""document.py: bytes become nodes with positions, whatever the bytes are."""

from __future__ import annotations

from functools import partial

import pytest
from effort import calls
from hypothesis import given, settings
from hypothesis import strategies as st

from policyd.document import MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, Mapping, Scalar, Sequence, compose, locate, parse
from policyd.errors import DocumentError, Position
from policyd.text import is_safe


def codes(data: bytes) -> list[str]:
    return [problem.code for problem in compose(data, "f.yaml")[1]]


def root(text: str) -> Mapping:
    (document,) = parse(text.encode(), "f.yaml")
    assert isinstance(document.root, Mapping)
    return document.root


def test_scalars_stay_the_text_that_was_written() -> None:
    values = ["no", "on", "0755", "22:22", "1e3", "0x10", "2024-01-01", "00:11:22:33:44:55", ".5", "=", "1_000"]
    found = root("\n".join(f"k{n}: {value}" for n, value in enumerate(values)))
    assert [value.text for _, value in found.items if isinstance(value, Scalar)] == values
    assert not any(value.is_null for _, value in found.items if isinstance(value, Scalar))


def test_null_is_only_what_is_plain() -> None:
    found = root("a: ~\nb: null\nc:\nd: 'null'\ne: ''\nf: \"~\"\ng: |\n  null\n")
    assert {key.text: value.is_null for key, value in found.items if isinstance(value, Scalar)} == {
        "a": True, "b": True, "c": True, "d": False, "e": False, "f": False, "g": False,
    }  # fmt: skip


def test_positions_count_characters_from_one() -> None:
    found = root("é: {ü: [x, ÿ]}\n")
    assert locate(found, ("é", "ü", 1)).position == Position("f.yaml", 1, 12)


def test_a_place_that_is_not_there_is_the_nearest_one_around_it() -> None:
    found = root("a:\n  b: [x]\n")
    assert locate(found, ("a", "b", 7, "c")).position == Position("f.yaml", 2, 6)


def test_empty_documents_are_left_out() -> None:
    assert [document.root.position.line for document in parse(b"---\n# no\n---\na: b\n---\n~\n---\nc: d\n", "f")] == [4, 8]


def test_a_bad_document_leaves_the_others() -> None:
    documents, problems = compose(b"a: 1\na: 2\n---\nb: 1\n", "f")
    assert [problem.code for problem in problems] == ["duplicate-key"]
    assert [document.root.position.line for document in documents] == [4]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    assert codes(b"a: !x 1\na: *y\n<<: {}\n[k]: 1\n") == [
        "unknown-tag",
        "unknown-alias",
        "duplicate-key",
        "merge-key",
        "key-not-text",
    ]


def test_parse_raises_all_problems() -> None:
    with pytest.raises(DocumentError) as caught:
        parse(b"a: !x 1\nb: *y\n", "f")
    assert len(caught.value.problems) == 2


def test_aliases_stand_for_what_they_name() -> None:
    found = root("a: &x [1, 2]\nb: *x\nc: {d: *x}\n")
    assert found.get("b") is found.get("a")
    assert isinstance(found.get("b"), Sequence)


def test_an_alias_to_itself_is_refused() -> None:
    assert codes(b"a: &x [*x]\n") == ["unknown-alias"]


def test_anchors_end_with_their_document() -> None:
    assert codes(b"a: &x 1\n---\nb: *x\n") == ["unknown-alias"]


def test_depth_is_bounded_through_aliases_too() -> None:
    half = MAX_DEPTH // 2 + 2
    text = "a: &a " + "[" * half + "]" * half + "\nb: " + "[" * half + "*a" + "]" * half + "\n"
    assert codes(text.encode()) == ["too-deep"]


@pytest.mark.parametrize("opener", [b"[", b"{a: ", b"- ", b"? ", b"[\n", b"{? ", b"!!seq [", b"&a [", b"- {a: "])
def test_200_000_levels_are_refused_without_going_deeper_than_the_limit(opener: bytes) -> None:
    found = codes(opener * 200_000)
    assert found
    assert set(found) <= {"too-deep", "not-yaml"}
    assert calls(partial(codes, opener * 200_000)) == calls(partial(codes, opener * (MAX_DEPTH + 1)))


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "\n".join(lines).encode()
    assert codes(bomb) == ["too-many-nodes"]
    assert calls(partial(codes, bomb)) < 20 * bomb.count(b"*")


def test_an_alias_bomb_of_text_is_refused() -> None:
    assert codes(b"a: &a " + b"x" * 100_000 + b"\nb: [" + b", ".join([b"*a"] * 1000) + b"]\n") == ["too-many-nodes"]


def test_many_nodes_without_aliases_are_refused() -> None:
    assert codes(b"- x\n" * (MAX_NODES + 1)) == ["too-many-nodes"]


def test_a_file_of_50_megabytes_is_refused_unread() -> None:
    data = b"a" * 50_000_000
    assert codes(data) == ["file-too-large"]
    assert calls(partial(codes, data)) < 20


def test_a_file_at_the_limit_is_read() -> None:
    assert codes(b"a: " + b"x" * (MAX_FILE_BYTES - 3)) == []


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b"\xff\xfea\x00", Position("f.yaml", 1, 1)),
        ("a: b".encode("utf-16-le"), Position("f.yaml", 1, 2)),
        (b"\x7fELF\x02\x01\x01\x00", Position("f.yaml", 1, 8)),
        ("é: ".encode() + b"\xe9\n", Position("f.yaml", 1, 4)),
        (b"a: b\n\x00", Position("f.yaml", 2, 1)),
    ],
)
def test_binary_is_refused_where_it_begins(data: bytes, position: Position) -> None:
    ((problem,),) = (compose(data, "f.yaml")[1],)
    assert (problem.code, problem.position) == ("not-text", position)


@pytest.mark.parametrize(
    "line",
    [
        "values: [::1/128]",
        "values: [fe80::/10, ::1]",
        "values: [*.so]",
        "value: *.so",
        "fields: [a[0].b]",
        "message: {process.exe} opened {args.filename}",
        "value: @x",
        "value: `x`",
        "value: %x",
        "description: see: below",
    ],
)
def test_lines_that_yaml_breaks_are_told_to_quote(line: str) -> None:
    (problem,) = compose(line.encode(), "f")[1]
    assert problem.hint.startswith("quote it")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text("[]{}:,-?&*!|>'\"%@` \n\tab#<\\~é\x1b\u202e", max_size=200).map(str.encode))
def test_no_bytes_crash_it_and_no_message_moves_the_cursor(data: bytes) -> None:
    _, problems = compose(data, "f\x1b[31m\u202e.yaml")
    for problem in problems:
        assert all(is_safe(line) for line in str(problem).split("\n"))
