"""Which columns of a policy's events have more to be said about them, and what they hold in a line of JSON.

In: a policy's record.  Out: `Columns`, whose `key` takes the raw texts of these columns out of a line.  The keys of a line's
object are found by their text: inside a string, a quotation mark would stand behind a backslash.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.record import PolicyRecord

CGROUP, USERS = "cgroup", ("uid", "gid")
"""The kinds of columns."""

Key = tuple[str, ...]
"""What stands in a line behind the name of each column, up to a comma or the end of a string; empty if it is not there."""

_OWN_CGROUP = "process.cgroup"
_FIELDS = '"fields":{'
_NUMBER = re.compile(r"\d{1,20}(?=[,}]|$)")
_PATH = re.compile(r'"/(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column: its name, its kind, and its name as it stands in a line."""

    name: str
    kind: str
    text: str


@dataclass(slots=True)
class Columns:
    """The columns of one policy.  `endings` is a memory of its user: how the line of a key ends."""

    wanted: tuple[Wanted, ...]
    endings: dict[Key, str] = field(default_factory=dict)

    def key(self, line: str) -> Key:
        """Return the texts of the columns in a line.  This is done for every event: what they mean is found out once."""
        fields = line.find(_FIELDS)
        texts = []
        for one in self.wanted:
            at = line.find(one.text, fields)
            if at < 0:
                texts.append("")
                continue
            at += len(one.text)
            texts.append(line[at : line.find('"', at + 1) + 1] if line[at] == '"' else line[at : line.find(",", at)])
        return tuple(texts)

    def cgroups(self, key: Key) -> list[tuple[str, str]]:
        """Return the cgroups of a line by column: a path, or a number if that is all that is shown.

        A path with a quotation mark in it, which no runtime makes, is cut by `key`, and so it is none here.
        """
        found = []
        for one, text in zip(self.wanted, key, strict=True):
            if one.kind == CGROUP and _PATH.fullmatch(text):
                found.append((one.name, json.loads(text)))
            elif one.kind == CGROUP and (number := _NUMBER.match(text)):
                found.append((one.name, number[0]))
        return found

    def numbers(self, key: Key) -> list[tuple[str, str, int]]:
        """Return name and kind of the other columns, and the number of the line."""
        found = ((one, _NUMBER.match(text)) for one, text in zip(self.wanted, key, strict=True) if one.kind != CGROUP)
        return [(one.name, one.kind, int(number[0])) for one, number in found if number]


def columns_of(record: PolicyRecord, kinds: Iterable[str]) -> Columns:
    """Return the columns of some kinds, the process's own cgroup first.

    Left out: a name that means different kinds in different events of the policy; a column with `names`, which the policy
    shows as it likes.
    """
    columns = [column for known in record.layouts for column in known.layout.columns if not column.hidden]
    columns.sort(key=lambda column: column.path != _OWN_CGROUP)
    found: dict[str, set[str]] = {}
    for column in columns:
        found.setdefault(column.name, set()).add("" if column.names else column.type.kind)
    wanted = [(name, next(iter(kind))) for name, kind in found.items() if len(kind) == 1]
    return Columns(tuple(Wanted(name, kind, f"{json.dumps(name)}:") for name, kind in wanted if kind in set(kinds)))
