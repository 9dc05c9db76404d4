"""The reconciler: observe → plan → build → carry out.

In: a `Request` (policies to apply, remove, or params to set).  Out: a `Result` with an `Outcome` for each policy.

**What holds when something fails.**  `Engine.apply`, `delete` and `set_params` return normally if at least the attempt could
be made; each policy's outcome tells how it went.

1. *Build.*  Nothing that runs changes until every new program has passed the verifier.  If one does not build, those
   that are to blame are found by bisection (what runs already goes first, so a new policy yields to an old one).
   They are left out at **all** their attach points; the version that ran before goes on, unchanged.  The others go on.
2. *Attach*, *new maps*, *records*.  A policy whose step fails is left out in the same way, and what had been done for it is
   undone: the next round plans from what the kernel says, with the policy as it was.
3. *Swap.*  If a swap fails, the policies of that attach point that change are left out, and what had been swapped for
   them is swapped back; their old programs are still loaded.
4. *Clean.*  A cleaning step that fails is a warning; the next apply tries again.
5. An attach point, or a policy's own thing, that changed from outside and cannot be mended is reported with the policies
   concerned, and everything else goes on.
6. If the process dies at any point, what runs goes on; the pins tell the next apply where to begin.

`KernelError` and others are raised only if nothing can be done for anybody, `LockError` if another policyd is at work.
"""

from __future__ import annotations

from policyd.engine.compose import Given, Request
from policyd.engine.guard import Guard
from policyd.engine.outcome import Outcome, Result
from policyd.engine.reconciler import Engine
from policyd.engine.seams import Overrides, ProcessTable, Resolver, Toolchain

__all__ = ["Engine", "Given", "Guard", "Outcome", "Overrides", "ProcessTable", "Request", "Resolver", "Result", "Toolchain"]
