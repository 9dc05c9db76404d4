"""Names for shell completion: read from what runs, and silent about every error, since a shell is waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from policyd.cli.context import DEFAULT_ROOT, Settings, open_kernel
from policyd.cli.kinds import HOOK, MAP, POLICY, RECORD
from policyd.errors import PolicydError

if TYPE_CHECKING:
    import click


def complete_policies(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the policies that run and begin with `incomplete`."""
    return [name for name in _policies(_root(ctx)) if name.startswith(incomplete)]


def complete_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return kinds for the first word, names of policies after it."""
    if not ctx.params.get("words"):
        return [kind.plural for kind in (POLICY, HOOK, MAP, RECORD) if kind.plural.startswith(incomplete)]
    return [name for name in _policies(_root(ctx)) if name.startswith(incomplete)]


def complete_stacks(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return policies with outputs of stacks, and the outputs; after a policy, its own."""
    named = ctx.params.get("names") or ()
    found = _stack_outputs(_root(ctx))
    if named:
        return sorted(name for policy, name in found if policy == named[0] and name.startswith(incomplete))
    return sorted({word for pair in found for word in pair if word.startswith(incomplete)})


def _stack_outputs(root: str) -> list[tuple[str, str]]:
    """Return (policy, output) of every output of stacks that runs."""
    from policyd.reading.stacks import stack_maps
    from policyd.record import read_policies

    try:
        records = read_policies(open_kernel(Settings(root=root), "completion"))
    except (PolicydError, OSError):
        return []
    return [(record.name, of.name) for record in records.values() for of in stack_maps(record)]


def _root(ctx: click.Context) -> str:
    settings = ctx.find_object(Settings)
    return settings.root if settings else os.environ.get("POLICYD_ROOT", DEFAULT_ROOT)


def _policies(root: str) -> list[str]:
    from policyd.record import read_policies

    try:
        return sorted(read_policies(open_kernel(Settings(root=root), "completion")))
    except (PolicydError, OSError):
        return []
