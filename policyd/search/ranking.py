"""Which entries fit words, and how well: a name beats what is said of it, a whole word a part; near misses come last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.search.index import Entry

_NAME, _NAME_WORD, _NAME_BEGIN, _NAME_PART = 100, 60, 40, 25
_SAID_WORD, _SAID_BEGIN, _MORE_WORD, _MORE_BEGIN = 20, 12, 8, 5
_NEAR = 3
_LEAST_ALIKE = 0.75
_SHORTEST_PART = 3
"""A part of a name that is shorter than this says nothing: `ip` is in `description`."""

SYNONYMS = {
    "latency": ("duration",),
    "slow": ("duration",),
    "time": ("duration",),
    "kill": ("signal",),
    "block": ("deny", "drop"),
    "port": ("dst.port",),
    "path": ("filename",),
    "exec": ("exe", "sched_process_exec"),
    "user": ("uid",),
    "address": ("ip",),
    "network": ("cidr",),
    "regex": ("glob",),
    "regexp": ("glob",),
    "throttle": ("ratelimit",),
    "average": ("avg",),
    "maximum": ("max",),
    "minimum": ("min",),
    "percentile": ("histogram",),
    "state": ("tables",),
    "variable": ("let", "params"),
    "pod": ("containers",),
}
"""What people call things that are called otherwise here; such a name counts half."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and how well it fits; `near` means that no word of it is the one that was asked for, but alike."""

    entry: Entry
    score: int
    near: bool = False


def search(words: Sequence[str], among: Iterable[Entry]) -> list[Found]:
    """Return the entries that fit every word, the best first; if there are none, those that fit some; else near misses."""
    asked = [word.casefold() for text in words for word in text.split()]
    if not asked:
        return []
    known = list(among)
    scored = [(entry, [_score(word, entry) for word in asked]) for entry in known]
    every = [Found(entry, sum(scores)) for entry, scores in scored if all(scores)]
    some = [Found(entry, sum(scores)) for entry, scores in scored if any(scores)]
    return _ordered(every or some or [Found(entry, score, near=True) for entry in known if (score := _near(asked, entry))])


def _ordered(found: list[Found]) -> list[Found]:
    """Sort by score; of equals the shorter name first, then by the order they came in."""
    return sorted(found, key=lambda one: (-one.score, len(one.entry.name)))


def _score(word: str, entry: Entry) -> int:
    """Return how well a word fits an entry; zero if it does not."""
    direct = _direct(word, entry)
    if direct >= _SAID_WORD:
        return direct
    other = max((_direct(name, entry) for name in SYNONYMS.get(word, ())), default=0)
    return max(direct, other // 2)


def _direct(word: str, entry: Entry) -> int:
    name = entry.name.casefold()
    if word == name:
        return _NAME
    part = _NAME_PART if len(word) >= _SHORTEST_PART and word in name else 0
    said = _in(word, entry.summary, _SAID_WORD, _SAID_BEGIN) or _in(word, entry.more, _MORE_WORD, _MORE_BEGIN)
    return _in(word, name, _NAME_WORD, _NAME_BEGIN) or part or said


def _in(word: str, text: str, whole: int, begin: int) -> int:
    """Return `whole` if `word` (or that of which it is the plural) is one of the text's, `begin` if one begins with it."""
    words, one = _words(text.casefold()), word.removesuffix("s")
    if word in words or one in words:
        return whole
    return begin if any(other.startswith(word) for other in words) else 0


@lru_cache(maxsize=1 << 14)
def _words(text: str) -> frozenset[str]:
    """Return the words of a text; what `.` or `_` joins is a word, and each of its parts too."""
    found = re.findall(r"[\w.]+", text)
    return frozenset((*found, *(part for one in found for part in re.split(r"[._]", one) if part)))


def _near(asked: Sequence[str], entry: Entry) -> int:
    """Return how alike the words and an entry's name are; zero unless every word is like some part of it."""
    parts = {entry.name.casefold(), *_words(entry.name.casefold())}
    alike = [max(_alike(word, part) for part in parts) for word in asked]
    return round(_NEAR * 100 * min(alike)) if min(alike) >= _LEAST_ALIKE else 0


def _alike(word: str, part: str) -> float:
    matcher = SequenceMatcher(None, word, part)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LEAST_ALIKE else 0.0
