"""Operands of USDT notes: each form that compilers write is understood, every other one is left out."""

from __future__ import annotations

import pytest

from policyd.elf.operands import InMemory, InRegister, Literal, parse_arguments

FORMS = {
    "x86_64": {
        "8@%rdi": InRegister("di"),
        "-4@%eax": InRegister("ax"),
        "1@%ah": InRegister("ax", 1),
        "2@%r10w": InRegister("r10"),
        "-4@$-7": Literal(-7),
        "8@$0x10": Literal(16),
        "8@(%rax)": InMemory("ax", 0),
        "-4@-1204(%rbp)": InMemory("bp", -1204),
        "8@0x18(%rsp)": InMemory("sp", 24),
        "4@16(%rax,%rdx,4)": InMemory("ax", 16, "dx", 4),
        "4@(%rax,%rdx)": InMemory("ax", 0, "dx", 1),
        "8@8(,%r9,8)": InMemory("", 8, "r9", 8),
    },
    "aarch64": {
        "8@x0": InRegister("x0"),
        "-4@w21": InRegister("x21"),
        "8@sp": InRegister("sp"),
        "4@12": Literal(12),
        "-4@-1": Literal(-1),
        "8@[sp]": InMemory("sp", 0),
        "8@[sp, 16]": InMemory("sp", 16),
        "-4@[x29, -20]": InMemory("x29", -20),
        "8@[x0, x1]": InMemory("x0", 0, "x1", 1),
        "8@[x0, x1, lsl 3]": InMemory("x0", 0, "x1", 8),
    },
}

UNKNOWN = {
    "x86_64": (
        "8f@%xmm0",
        "8@%xmm0",
        "4@counter(%rip)",
        "4@8(%rip)",
        "8@%nothing",
        "8@(%eax)",
        "8@",
        "8@$",
        "4@(%rax,%rdx,3)",
    ),
    "aarch64": ("8@d0", "8@[w0]", "8@[x0, w1, sxtw 3]", "8@x31", "8@:lo12:counter"),
}


@pytest.mark.parametrize(("arch", "text"), [(arch, text) for arch, forms in FORMS.items() for text in forms])
def test_every_form_has_its_place(arch: str, text: str) -> None:
    (found,) = parse_arguments(text, arch)
    assert found.place == FORMS[arch][text]
    assert (found.size, found.signed, found.text) == (abs(int(text.partition("@")[0])), text.startswith("-"), text)


@pytest.mark.parametrize(("arch", "text"), [(arch, text) for arch, texts in UNKNOWN.items() for text in texts])
def test_a_form_that_is_not_known_has_no_place(arch: str, text: str) -> None:
    (found,) = parse_arguments(text, arch)
    assert found.place is None


def test_arguments_keep_their_positions() -> None:
    found = parse_arguments("-4@%edi 8f@%xmm1 8@16(%rsp)", "x86_64")
    assert [argument.place for argument in found] == [InRegister("di"), None, InMemory("sp", 16)]
    found = parse_arguments("8@[sp, 16] -4@w1 8@[x2]", "aarch64")
    assert [argument.place for argument in found] == [InMemory("sp", 16), InRegister("x1"), InMemory("x2", 0)]


@pytest.mark.parametrize("text", ["", " ", "nonsense", "@@@@", "9@%rdi", "\0", "8@%rdi" * 1000, "8@%rdi " * 1000])
def test_nonsense_makes_no_error(text: str) -> None:
    assert len(parse_arguments(text, "x86_64")) <= 12
