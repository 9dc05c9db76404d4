"""What a verifier log says: the telling line, and the instruction that was refused.

In: the text that `BPF_PROG_LOAD` wrote at log level 1, with what libbpf adds to it.  Pure.  Tested against logs of real
kernels (`tests/data/verifier/`).
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`summary` is one line for people; `instruction` the index of the refused one, -1 if the log has none.

    `line` is the line of C that the instruction came from, 0 if the log does not tell (it does since Linux 6.10).
    """

    summary: str
    instruction: int = -1
    line: int = 0
    over_budget: bool = False


_INSTRUCTION = re.compile(r"(\d+): \(([0-9a-f]{2})\) ")
_INSTRUCTION_TEXT = re.compile(r"\d+: \([0-9a-f]{2}\).*(?=BPF program is too large)")  # the kernel ends no line there
_SOURCE = re.compile(r"; .*@ \S+:(\d+)$")
_NOISE = re.compile(
    r"""
    $ | ;
    | \d+:\s                                    # instructions and register states
    | (?:R\d+|fp-\d+)(?:_\w+)?= | frame\d+:       # states alone
    | (?:from|to)\ \d+\ to\ \d+
    | (?:from|parent|cur|old|last_idx|regs=|mark_precise|caller|callee|returning|propagating)\b.*[:=]
    | (?:processed|verification\ time|stack\ depth|peak_states|mark_read|max_states_per_insn)\b
    | arg\#\d+\ reference\ type\('UNKNOWN
    | func\#\d+\ @ | Live\ regs | Validating\ \S+\ func | -- | libbpf: | \#\d+\ stack
    """,
    re.VERBOSE,
)
_RELOCATION = re.compile(r"failed to resolve CO-RE relocation <\w+> (?:\[\d+\] )?(?P<what>[^(]+?)(?: \(|$)")
_BUDGET = (
    "program is too large",
    "too many instructions",
    "is too complex",
    "total number of maps per program has reached the limit",
    "too many maps",
)
_EMPTY: dict[int, str] = {
    errno.E2BIG: "it has too many instructions",
    errno.EINVAL: "it is not valid for this kernel (no log)",
}


def diagnose(log: str, code: int) -> Diagnosis:
    """Return what the log of a refused load tells; `code` is the errno that came with it."""
    lines = [line.rstrip() for line in log.splitlines()]
    numbers = [match for match in map(_INSTRUCTION.match, lines) if match]
    sources = [int(match[1]) for match in map(_SOURCE.match, lines) if match]
    summary = _summary(lines) or _EMPTY.get(code, "no reason was given")
    return Diagnosis(
        summary=summary,
        instruction=int(numbers[-1][1]) if numbers else -1,
        line=next((line for line in reversed(sources) if line), 0),  # line 0: the compiler's own instructions
        over_budget=code == errno.E2BIG or any(text in summary for text in _BUDGET),
    )


def _summary(lines: list[str]) -> str:
    for line in lines:
        relocation = _RELOCATION.search(line)
        if relocation:
            return f"this kernel's types lack {relocation['what'].strip()}"
    telling = [line for line in (_INSTRUCTION_TEXT.sub("", line) for line in lines) if not _NOISE.match(line)]
    return telling[-1].strip() if telling else ""
