"""First policies: what `policyd init` writes for somebody who has never written one.

In: a kind of thing to see, and names to look for.  Out: the text of a policy whose comments teach the language.  Each kind
is a row of `STARTERS`; that its text is valid here is for the caller to check, against the target that it is written for.
"""

from __future__ import annotations

from policyd.starters.host import HOST
from policyd.starters.network import NETWORK
from policyd.starters.programs import PROGRAMS
from policyd.starters.starter import Starter, write

__all__ = ["STARTERS", "Starter", "write"]

STARTERS: dict[str, Starter] = {starter.kind: starter for starter in (*PROGRAMS, *NETWORK, *HOST)}
"""Every kind, in the order in which they are offered."""
