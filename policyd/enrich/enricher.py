"""Lines of events get an object `enriched`: the container, pod and names of users behind the numbers that they hold.

In: the pump's lines of one policy, and its record.  Out: the same lines; those of which more is known end in

    ,"enriched":{"container":{"id":…,"runtime":…,"name":…,"image":…,"pod":…,"namespace":…,"pod_uid":…},
                 "cgroups":{column: path},"users":{column: name},"node":…,"late":true,"pending":true}

docs/enrichment.md says what each means.  A policy without such columns costs a look into a dictionary.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from policyd.enrich.answers import Answers
from policyd.enrich.columns import CGROUP, USERS, columns_of
from policyd.enrich.runtimes import Runtimes
from policyd.enrich.users import Users
from policyd.naming import cgroup_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policyd.enrich.answers import Answer
    from policyd.enrich.columns import Columns, Key
    from policyd.enrich.disk import HostFiles
    from policyd.record import PolicyRecord

REMEMBERED = 8192
"""Endings of lines that are remembered, of all policies together; all are forgotten when there are more."""
VALID = 1.0
"""Seconds that they are valid: then what is known may have changed."""
_POLICIES = 4096
_END = "}\n"
_PASSING = ("late", "pending")
"""Marks of an `Answer` that hold for the events of one batch only."""


class Enricher:
    """Enriches the lines of all policies.  To be called by one thread.

    `kinds` are those of columns that more is said about; `node` is the name that every line gets, if any.
    """

    def __init__(
        self,
        answers: Answers,
        users: Users,
        kinds: Iterable[str],
        node: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answers, self._users, self._kinds = answers, users, frozenset(kinds)
        self._node, self._clock = node, clock
        self._policies: dict[str, tuple[PolicyRecord, Columns]] = {}
        self._valid_until = 0.0
        self._remembered = 0

    def __call__(self, record: PolicyRecord, lines: list[str]) -> list[str]:
        """Return the lines with what is known about them."""
        columns = self._columns(record)
        if not columns.wanted and not self._node:
            return lines
        if self._clock() >= self._valid_until:
            self._valid_until = self._clock() + VALID
            self._forget()
            self._answers.do_chores()
        keys = list(map(columns.key, lines))
        endings = self._endings(columns, set(keys))
        return [line[: -len(_END)] + endings[key] for line, key in zip(lines, keys, strict=True)]

    def close(self) -> None:
        """Stop the thread that looks things up."""
        self._answers.close()

    def _columns(self, record: PolicyRecord) -> Columns:
        known = self._policies.get(record.name)
        if known is None or known[0] is not record:
            if len(self._policies) >= _POLICIES:
                self._policies.clear()
            known = self._policies[record.name] = record, columns_of(record, self._kinds)
        return known[1]

    def _forget(self) -> None:
        self._remembered = 0
        for _, columns in self._policies.values():
            columns.endings.clear()

    def _endings(self, columns: Columns, keys: set[Key]) -> Mapping[Key, str]:
        """Return how the lines of these keys end; what may be said better soon is not remembered."""
        known = columns.endings
        new = keys - known.keys()
        if not new:
            return known
        if self._remembered + len(new) > REMEMBERED:
            self._forget()
            new = keys
        self._remembered += len(new)
        answers = self._answers.known({cgroup for key in new for _, cgroup in columns.cgroups(key)})
        said = {key: self._said(columns, key, answers) for key in new}
        endings = {key: f',"enriched":{_to_json(what)}}}\n' if what else _END for key, what in said.items()}
        known.update({key: ending for key, ending in endings.items() if not said[key].keys() & _PASSING})
        return known | endings

    def _said(self, columns: Columns, key: Key, answers: Mapping[str, Answer]) -> dict[str, Any]:
        """Return the object of a line with these texts."""
        asked = [(name, answers[cgroup]) for name, cgroup in columns.cgroups(key)]
        names = {name: self._users.name(kind, number) for name, kind, number in columns.numbers(key)}
        found = {
            "container": next((answer.container.shown() for _, answer in asked if answer.container), None),
            "cgroups": {name: answer.path for name, answer in asked if answer.path},
            "users": {name: user for name, user in names.items() if user},
            "node": self._node,
        }
        said: dict[str, Any] = {what: value for what, value in found.items() if value}
        for mark in _PASSING:
            if any(getattr(answer, mark) for _, answer in asked):
                said[mark] = True
        return said


def _to_json(said: dict[str, Any]) -> str:
    """Return JSON in ASCII, which any terminal can show."""
    return json.dumps(said, separators=(",", ":")).replace("\x7f", "\\u007f")


def make_enricher(files: HostFiles, containers: bool, users: bool, node: str = "") -> Enricher | None:
    """Return what enriches events as asked for; None if nothing is."""
    kinds = ((CGROUP,) if containers else ()) + (USERS if users else ())
    if not kinds and not node:
        return None
    names = Users(files)
    return Enricher(Answers(Runtimes(files).find, cgroup_paths(), names.refresh), names, kinds, node)
