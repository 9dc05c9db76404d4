"""Finding what the language has by words: what `policyd explain --search` asks.

In: words, as somebody types who does not know what the thing is called.  Out: `Found` entries, the best first, each with
the command that tells more.  The index is made of the vocabulary, the same rows as `explain`'s pages; it needs neither root
nor a kernel.  What only one host has (tracepoints, functions of the kernel) is added from a target.
"""

from __future__ import annotations

from policyd.search.host import host_entries
from policyd.search.index import Entry, entries
from policyd.search.ranking import Found, search

__all__ = ["Entry", "Found", "entries", "host_entries", "search"]
