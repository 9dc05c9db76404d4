"""`policyd explain`: pages about the language, and about what a kernel has of what it names.

In: a topic, and a target for what depends on the kernel.  Out: a `Page`.  `topics.py` has them all, the modules beside it
are those that need more room.
"""

from policyd.explain.topics import EXAMPLES, LISTS, THINGS, explain

__all__ = ["EXAMPLES", "LISTS", "THINGS", "explain"]
