"""One kind of first policy: what it asks for, and the text that the answers go into."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = re.compile(r"[/A-Za-z][\w./+-]*")
_HEAD = """\
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata:
  name: $policy # what `policyd get`, `events` and `delete` call it
"""


@dataclass(frozen=True, slots=True)
class Starter:
    """A kind of first policy.

    `sees` says in a few words what it shows; `asks` what its names are, of which `example` are some.  Without names it sees
    everything, unless they are `required`.  `about` becomes the comment at the top.  `body` is its spec, with `$names` where
    names go (`$values`, where they are the values of an optional param; `$filters`, where `narrow` is a filter that uses
    them), `$policy` and `$interface`.  `reads` are the words after `policyd` that show what it has seen.
    """

    kind: str
    sees: str
    asks: str
    example: tuple[str, ...]
    about: str
    body: str
    reads: tuple[str, ...] = ("events -f $policy", "metrics $policy -o table")
    required: bool = False
    narrow: str = ""

    @property
    def asks_interface(self) -> bool:
        return "$interface" in self.body

    def commands(self, policy: str) -> tuple[str, ...]:
        """Return what shows what the policy has seen, without the word `policyd`."""
        return tuple(Template(words).substitute(policy=policy) for words in self.reads)


def write(starter: Starter, policy: str, names: Sequence[str], interface: str = "lo") -> str:
    """Return the text of a policy; names and the interface are whatever was typed, and are quoted where YAML needs it."""
    given = {
        "policy": policy,
        "names": _flow(names),
        "values": f", values: {_flow(names)}" if names else "",
        "interface": _scalar(interface),
        "filters": _filters(starter, names),
    }
    about = "".join(f"# {line}".rstrip() + "\n" for line in starter.about.strip().split("\n"))
    return about + Template(_HEAD + starter.body).substitute(given)


def _filters(starter: Starter, names: Sequence[str]) -> str:
    """Return the filters of a rule; without names they are a comment, which shows how they would look."""
    begin = "      " if names else "      # "
    narrow = Template(starter.narrow).substitute(names=_flow(names or starter.example))
    return f"{begin}filters:\n{begin}  - {narrow}"


def _flow(names: Iterable[str]) -> str:
    """Return a YAML list on one line."""
    return f"[{', '.join(map(_scalar, names))}]"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=True)
