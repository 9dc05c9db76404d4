"""What both builders promise, without a kernel: the same C gives programs, the same mistakes give the same errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from policyd.builders import bcc, choice, clang
from policyd.builders.bcc import BccBuilder
from policyd.builders.bcc_server import Bcc
from policyd.builders.building import CachingBuilder
from policyd.builders.cache import ObjectCache
from policyd.builders.clang import ClangBuilder
from policyd.cli import cli
from policyd.codegen.source import Source
from policyd.errors import CompileError, Position, UnsupportedError

PROGRAM = '__attribute__((section("policyd"), used)) int pd_a(unsigned long long *ctx)\n'
GOOD = PROGRAM + "{\n\treturn ctx[1] == 7;\n}\n"
BAD = PROGRAM + '{\n#line 12 "policies/x.yaml"\n\treturn nothing;\n#line 5 "unit.c"\n}\n'
MISTAKES = {
    "an unknown name": ("return nothing;", "undeclared identifier 'nothing'"),
    "an unknown function": ("return missing(1);", "implicit declaration of function 'missing'"),
    "a number for a pointer": ("unsigned *p = 5; return *p;", "incompatible integer to pointer conversion"),
}


def source(text: str) -> Source:
    return Source(text, ("pd_a",), (), ())


@pytest.fixture(scope="module")
def shared_bcc() -> Iterator[Bcc]:
    """One bcc for all tests here: it takes a while to start."""
    found = Bcc()
    yield found
    found.end()


@pytest.fixture(params=["clang", "bcc"])
def builder(request: pytest.FixtureRequest, shared_bcc: Bcc) -> CachingBuilder:
    return ClangBuilder() if request.param == "clang" else BccBuilder(bcc=shared_bcc)


def test_the_same_c_gives_the_same_code_every_time(builder: CachingBuilder) -> None:
    assert len({builder.compile(source(GOOD), "unit") for _ in range(2)}) == 1


@pytest.mark.parametrize("name", MISTAKES)
def test_a_compile_error_names_the_policy_line_and_says_whose_bug_it_is(builder: CachingBuilder, name: str) -> None:
    wrong, said = MISTAKES[name]
    with pytest.raises(CompileError) as caught:
        builder.compile(source(BAD.replace("return nothing;", wrong)), "tracepoint:a/b")
    assert caught.value.position == Position("policies/x.yaml", 12, 1)
    assert "bug of policyd" in str(caught.value)
    assert said in str(caught.value)
    assert "policies/x.yaml:12: error" in caught.value.log
    assert f"generated line 4: {wrong})" in caught.value.log
    assert not caught.value.too_big


@pytest.mark.parametrize(
    "text",
    [
        '#include "/etc/shadow"\n',
        "  #  include </etc/shadow>\n",
        "%:include </etc/shadow>\n",
        '??=include "/etc/shadow"\n',
        '__asm__(".incbin \\"/etc/shadow\\"");\n',
        "#if __has_include(</etc/shadow>)\n#endif\n",
        '#inc\\\nlude "/etc/shadow"\n',
        '/**/ #include "/etc/shadow"\n',
        '#/**/include "/etc/shadow"\n',
        '#define X "//"\n#include "/etc/shadow"\n',
        '__asm__(".inc" /* */ "bin \\"/etc/shadow\\"");\n',
    ],
)
def test_c_that_asks_for_a_file_is_refused_and_nothing_of_the_file_is_shown(builder: CachingBuilder, text: str) -> None:
    with pytest.raises(CompileError) as caught:
        builder.compile(source(text + GOOD), "unit")
    assert "asks for a file" in str(caught.value)


def test_a_line_directive_does_not_make_the_compiler_read_the_file_that_it_names(
    builder: CachingBuilder, tmp_path: Path
) -> None:
    named = tmp_path / "policy.yaml"
    named.write_text("the secret line\n" * 5)
    text = GOOD.replace("\treturn", f'#line 3 "{named}"\n\treturn')
    assert b"secret" not in builder.compile(source(f'#line 1 "{named}"\n{text}'), "unit")


def test_code_that_needs_more_stack_than_a_program_has_is_known_to_be_too_big(builder: CachingBuilder) -> None:
    helper = "static long (*fill)(void *, int) = (void *)4;\n"
    text = f"{helper}{PROGRAM}{{ char room[600]; __builtin_memset(room, ctx[0], 600); return fill(room, 600); }}\n"
    with pytest.raises(CompileError, match="stack limit") as caught:
        builder.compile(source(text), "unit")
    assert caught.value.too_big


def test_a_program_over_which_a_jump_does_not_reach_is_too_big(
    builder: CachingBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LLVM 14 cuts the jump's offset without a word."""
    for module in (bcc, clang):
        monkeypatch.setattr(module, "LONGEST_PROGRAM", 3)
    with pytest.raises(CompileError, match="too long: jumps reach 32,767") as caught:
        builder.compile(source(GOOD), "unit")
    assert caught.value.too_big


def test_many_units_are_compiled_and_the_bad_ones_do_not_stop_the_others(builder: CachingBuilder) -> None:
    sources = {f"unit-{index}": source(BAD if index == 2 else GOOD.replace("7", str(index))) for index in range(5)}
    seen: list[str] = []
    done = builder.compile_many(sources, seen.append)
    assert list(done) == list(sources)
    assert sorted(seen) == sorted(sources)
    assert [name for name, made in done.items() if isinstance(made, CompileError)] == ["unit-2"]
    assert len({made for made in done.values() if isinstance(made, bytes)}) == 4


def test_what_is_cached_is_not_compiled_again_even_when_its_policy_moved(
    builder: CachingBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder._cache = ObjectCache(tmp_path / "cache")
    with_line = GOOD.replace("\treturn", '#line 3 "a.yaml"\n\treturn')
    made = builder.compile(source(with_line), "unit")
    monkeypatch.setattr(builder, "compile_plain", None)
    assert builder.compile(source(with_line.replace("3", "99").replace("a.yaml", "b.yaml")), "unit") == made


def test_neither_builder_takes_the_others_code_from_the_cache(tmp_path: Path, shared_bcc: Bcc) -> None:
    cache = ObjectCache(tmp_path / "cache")
    made = {one.compile(source(GOOD), "unit")[:4] for one in (ClangBuilder(cache), BccBuilder(cache, shared_bcc))}
    assert made == {b"\x7fELF", b"poli"}


# ------------------------------------------------------------------------------------------------ which one


def missing(*_: object) -> None:
    raise UnsupportedError("clang is not installed")


def test_clang_is_taken_where_it_is_and_bcc_where_only_bcc_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice.choose("auto") == choice.Choice("clang", "clang is installed")
    assert choice.choose("bcc").name == choice.make_builder("bcc").name == "bcc"
    monkeypatch.setattr(choice, "find_clang", missing)
    assert choice.choose("auto") == choice.Choice("bcc", "bcc is installed, clang is not")
    assert choice.make_builder("auto").name == "bcc"
    assert choice.make_builder("clang").name == "clang"
    with pytest.raises(UnsupportedError, match="clang is not installed"):
        choice.choose("clang")


def test_where_there_is_neither_that_is_said_when_something_must_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_clang", missing)
    monkeypatch.setattr(choice, "Bcc", lambda: Bcc(("/no/such/interpreter",)))
    with pytest.raises(UnsupportedError, match="bcc is not installed"):
        choice.choose("bcc")
    builder = choice.make_builder("auto")
    with pytest.raises(UnsupportedError, match=r"neither clang nor bcc is installed.*clang, or .* python3-bpfcc"):
        builder.compile(source(GOOD), "unit")


def test_every_choice_of_the_command_line_is_known_here() -> None:
    option = next(one for one in cli.params if one.name == "builder")
    assert tuple(option.type.choices) == choice.CHOICES  # type: ignore[attr-defined]


def test_a_layout_that_is_not_the_kernels_does_not_compile_with_bcc(shared_bcc: Bcc) -> None:
    """bcc relocates nothing: clang's objects carry the members' names, and are put right when they are loaded."""
    text = f"struct a {{ int first; long second; }};\n{GOOD}"
    right, wrong = (Source(text, ("pd_a",), (), (), (("struct a", "second", at),)) for at in (8, 16))
    BccBuilder(bcc=shared_bcc).compile(right, "unit")
    with pytest.raises(CompileError, match=r"layout: struct a\.second"):
        BccBuilder(bcc=shared_bcc).compile(wrong, "unit")
    ClangBuilder().compile(wrong, "unit")
