"""Whose fault a failed program is: bisection over the policies that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policyd.errors import BuildError


def find_bad(
    candidates: Sequence[str], error: BuildError, build_without: Callable[[frozenset[str]], BuildError | None]
) -> dict[str, BuildError]:
    """Return the policies to leave out, each with its error, so that the others build.

    `candidates` are known to fail together with `error`.  `build_without(names)` builds with those left out and returns the
    error, if any.  Candidates are let in from the first to the last, so that later ones yield to earlier ones where only
    the sum is too much.  Without any candidate it must build, else all of them are named.
    """
    everyone = frozenset(candidates)
    if not candidates or build_without(everyone) is not None:
        return dict.fromkeys(candidates, error)
    bad: dict[str, BuildError] = {}
    out = set(everyone)

    def let_in(group: Sequence[str], failure: BuildError | None) -> None:
        """Let a group in; `failure` is its error if it is known already."""
        if failure is None:
            failure = build_without(frozenset(out - set(group)))
        if failure is None:
            out.difference_update(group)
        elif len(group) == 1:
            bad[group[0]] = failure
        else:
            middle = len(group) // 2
            let_in(group[:middle], None)
            let_in(group[middle:], None)

    let_in(candidates, error)
    return bad
