"""What people write who know other languages, and what they may have meant: hints for texts that are no expression."""

from __future__ import annotations

import re

from policyd.text import quote


class ExpressionError(ValueError):
    """A text that is no expression: what is wrong, at which offset of the text, and what to write."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        self.message, self.offset, self.hint = message, offset, hint
        super().__init__(message)


_OPERAND = r"[\w)\]\"']$"
"""What an operand ends with: after it, an operator is wanted."""

_HINTS: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = tuple(
    (re.compile(before), re.compile(rest), hint)
    for before, rest, hint in (
        (r"(?i)\bnot$", r"", "`!` negates: !(x == 1)"),
        (r"[<=!]$", r"[=>]", "`!=` is not equal, `==` is equal"),
        (r"", r"=~|~=", 'patterns are asked by glob: x.glob("/usr/*")'),
        (r"", r"=", "`==` compares"),
        (r"-$", r">", "a dot follows pointers: args.sk.sk_family"),
        (r"/$", r"/", "`/` gives a whole number"),
        (r"\*$", r"\*", "there is no power: `1 << n` is one of two"),
        (r"", r"==|!=|<=|>=|<|>|in\b", "comparisons do not follow each other: write a < b && b < c"),
        (r"", r"[{};$@#\\,:]", "`policyd explain expressions` shows what can be written"),
        (_OPERAND, r"(?i)and\b", "`&&` joins conditions"),
        (_OPERAND, r"(?i)or\b", "`||` joins conditions"),
        (_OPERAND, r"(?i)xor\b", "`^` is exclusive or"),
        (_OPERAND, r"(?i)not\s+in\b", "write !(x in […])"),
        (_OPERAND, r"(?i)is\s+not\b", "`!=` compares"),
        (_OPERAND, r"(?i)(is|eq|equals)\b", "`==` compares"),
        (_OPERAND, r"(?i)(matches|like)\b", 'patterns are asked by glob: x.glob("/usr/*")'),
        (r"[0-9]$", r"(ns|us|ms|s|m|h|d|Ki|Mi|Gi|Ti|k|M|G|T)\b", "a number and its unit stand together: 10ms"),
        (_OPERAND, r"", "an operator is missing before it"),
        (r"", r"", "a field, a number, a text in quotes or `(` is wanted here"),
    )
)
"""(what stands before, what stands where it does not fit, what to do about it): the first that matches both."""

_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)
_QUOTES = re.compile("[\u2018\u2019\u201c\u201d\xab\xbb`]")
_BRACKETS = re.compile(rf"{_TEXT.pattern}|[()\[\]]", re.DOTALL)
_OPENING = {"(": ")", "[": "]"}


def explain(text: str, offset: int) -> ExpressionError:
    """Return what is wrong with `text`, which makes no sense from `offset` on."""
    rest = text[offset:]
    if not rest.strip():
        return _ends(text)
    if rest[0] in "\"'" and not _TEXT.match(rest):
        return ExpressionError(f"the text that begins with {rest[0]} does not end", offset, f"end it by another {rest[0]}")
    if _QUOTES.match(rest):
        return ExpressionError(f"{quote(rest[0])} begins no text", offset, "texts stand in \"…\" or '…'")
    if rest[0] in ")]" and not _open_before(text, offset):
        return ExpressionError(f"`{rest[0]}` closes nothing", offset)
    return _misplaced(text, offset)


def _misplaced(text: str, offset: int) -> ExpressionError:
    rest, before = text[offset:], text[:offset].rstrip()
    word = re.match(r"\w+|&&|\|\||[=!<>]=", rest)
    return ExpressionError(f"{quote(word.group() if word else rest[0])} does not fit here", offset, _hint(before, rest))


def _hint(before: str, rest: str) -> str:
    return next(hint for left, right, hint in _HINTS if left.search(before) and right.match(rest))


def _ends(text: str) -> ExpressionError:
    if not text.strip():
        return ExpressionError("an expression is wanted here, not nothing", 0)
    opened = _open_before(text, len(text))
    if opened:
        place, sign = opened[-1]
        return ExpressionError(f"`{sign}` is not closed", place, f"end it by `{_OPENING[sign]}`")
    return ExpressionError(
        "the expression ends where a value is wanted", len(text.rstrip()), "give the operator its operand"
    )


def _open_before(text: str, end: int) -> list[tuple[int, str]]:
    """Return the brackets that are open at `end`, with their offsets."""
    found: list[tuple[int, str]] = []
    for match in _BRACKETS.finditer(text[:end]):
        sign = match.group()
        if sign in _OPENING:
            found.append((match.start(), sign))
        elif sign in ")]" and found:
            found.pop()
    return found
