"""Spans as written: hooks in pairs, where something begins and where it ends."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from policyd.policy.filters import Filter
from policyd.policy.hooks import Hook
from policyd.policy.model import Model
from policyd.policy.outputs import DEFAULT_MAX_ENTRIES
from policyd.policy.tables import Given
from policyd.words import Entries, Flag


class SpanSide(Model):
    """A hook at which spans begin, end, or are given up: what `key` names there is what they are of.

    Only events for which all `filters` hold count.
    """

    hook: Hook
    key: tuple[Given, ...]
    filters: tuple[Filter, ...] = ()


class SpanHook(Model):
    """From one of `starts` to one of `ends`, by key; the rule's event is that of the end.

    `keep` says which start counts where there are several before an end.  `cancels` forget starts.  `evict`: old starts make
    room for new ones.
    """

    kind: ClassVar[str] = "span"
    starts: tuple[SpanSide, ...] = Field(alias="start")
    ends: tuple[SpanSide, ...] = Field(alias="end")
    cancels: tuple[SpanSide, ...] = Field(default=(), alias="cancel")
    keep: Literal["first", "last"] = "last"
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = True


RuleHook = Hook | SpanHook
