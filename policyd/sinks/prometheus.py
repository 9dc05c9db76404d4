"""Metrics in Prometheus' text format, version 0.0.4.

In: families as `reading.metrics` gives them, and accounts.  Out: text, sorted, each metric's HELP and TYPE once, whatever
number of policies has one of that name.  Series of all policies tell each other apart by the label `policy`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.reading.metrics import Histogram
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.reading.metrics import Family, Labels, Number, SeriesValue

_NO_NAME = re.compile("[^a-zA-Z0-9_:]")


def exposition(families: Iterable[Family]) -> str:
    """Return the text of all families; those that share a name must have one type, else later ones get `_TYPE` appended."""
    return "".join(_lines(grouped(families)))


def grouped(families: Iterable[Family]) -> dict[str, list[Family]]:
    """Return families by the name that they leave with, sorted."""
    found: dict[str, list[Family]] = {}
    for family in sorted(families, key=lambda family: (family.name, family.policy)):
        name = _NO_NAME.sub("_", family.name)
        if found.get(name, [family])[0].type != family.type:
            name = f"{name}_{family.type}"
        found.setdefault(name, []).append(family)
    return dict(sorted(found.items()))


def _lines(groups: dict[str, list[Family]]) -> Iterator[str]:
    for name, families in groups.items():
        help_text = next((family.help for family in families if family.help), "")
        if help_text:
            yield f"# HELP {name} {escape_help(help_text)}\n"
        yield f"# TYPE {name} {families[0].type}\n"
        for family in families:
            for labels, value in sorted(family.series, key=lambda one: tuple(one[0].values())):
                own = {f"exported_{key}" if key == "policy" and family.policy else key: text for key, text in labels.items()}
                yield from _series(name, {"policy": family.policy} | own if family.policy else own, value)


def _series(name: str, labels: Labels, value: SeriesValue) -> Iterator[str]:
    if not isinstance(value, Histogram):
        yield f"{name}{show_labels(labels)} {show_number(value)}\n"
        return
    running = 0
    for bound, count in zip((*map(show_number, value.bounds), "+Inf"), value.counts, strict=False):
        running += count
        yield f"{name}_bucket{show_labels(_with_bound(labels, bound))} {running}\n"
    yield f"{name}_sum{show_labels(labels)} {show_number(value.sum)}\n"
    yield f"{name}_count{show_labels(labels)} {running}\n"


def _with_bound(labels: Labels, bound: str) -> Labels:
    return {f"exported_{key}" if key == "le" else key: text for key, text in labels.items()} | {"le": bound}


def show_labels(labels: Labels) -> str:
    """Return `{name="value",…}` with values escaped; empty without labels."""
    inner = ",".join(f'{name}="{escape_label(text)}"' for name, text in labels.items())
    return f"{{{inner}}}" if inner else ""


def escape_label(text: str) -> str:
    r"""Return a label's value as the format wants it; what is not safe on a terminal becomes text such as `\x1b` first."""
    return escape_help(text).replace('"', '\\"')


def escape_help(text: str) -> str:
    """Return a help text as the format wants it: backslashes and newlines escaped."""
    return "\\n".join(safe(line).replace("\\", "\\\\") for line in text.split("\n"))


def show_number(number: Number) -> str:
    """Return a number as short as it can be read back."""
    if isinstance(number, int):
        return str(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
