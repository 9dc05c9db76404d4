"""`docs/kernels.md`: what the suite found on each kernel, as rows of a table between two marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kernels import CHECKOUT

PAGE = CHECKOUT / "docs/kernels.md"
_ROW = "| {name} | {release} | {policies} | {hooks} | {replaced} |"
_FIRST, _LAST = "<!-- generated: kernels -->\n", "<!-- end -->"


def write(name: str, found: Mapping[str, Any]) -> None:
    """Put the row of a kernel in the place of the one that was there."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(_FIRST)
    table, _, tail = rest.partition(_LAST)
    titles, rule, *rows = table.splitlines()
    by_name = {row.split("|")[1].strip(): row for row in rows} | {name: _row(name, found)}
    lines = [titles, rule, *(by_name[key] for key in sorted(by_name, key=_order))]
    PAGE.write_text(head + _FIRST + "\n".join(lines) + "\n" + _LAST + tail, encoding="utf-8")


def _order(name: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in re.findall(r"\d+", name))
    return numbers or (1 << 30,)


def _row(name: str, found: Mapping[str, Any]) -> str:
    policies = found["policies"]
    left_out = [f"`{policy}` ({', '.join(rules)})" for policy, rules in sorted(policies.items()) if rules]
    works = f"all {len(policies)}" + (f"; rules that do not apply: {', '.join(left_out)}" if left_out else "")
    absent = [one for one, there in found["hooks"].items() if not there]
    return _ROW.format(
        name=name,
        release=found["release"],
        policies=works,
        hooks=f"all but {', '.join(absent)}" if absent else "all",
        replaced=", ".join(f"{count:,} {what}" for what, count in sorted(found["replaced"].items())),
    )
