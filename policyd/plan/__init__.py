"""Desired and Observed make a Plan: pure functions that say what to do, in which order, and what it means for each policy.

In: the policies that shall run (`Wanted`), what runs (`Observed`), and what must not be touched (`Options`).  Out: a `Plan`
of frozen steps in the order of docs/architecture.md.  The engine carries it out; `policyd plan` and `diff` print it.
A plan that was carried out leaves nothing for the next one to do.
"""

from __future__ import annotations

from policyd.plan.planner import Change, Options, Plan, plan
from policyd.plan.rows import NoRowError, allot_rows
from policyd.plan.steps import Mend

__all__ = ["Change", "Mend", "NoRowError", "Options", "Plan", "allot_rows", "plan"]
