"""Names for shell completion: read from what runs, and silent about every error, since a shell is waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from policyd.cli.context import DEFAULT_ROOT, Settings, open_kernel
from policyd.cli.kinds import HOOK, LIST, MAP, POLICY, RECORD, SOURCE
from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord

_AGENT_SECONDS = 1.0
_OF_COMMAND = {"describe": (POLICY, HOOK, SOURCE), "delete": (POLICY,)}
_ALL = (POLICY, HOOK, MAP, RECORD, LIST, SOURCE)


def complete_policies(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the policies that run and begin with `incomplete`, but for those that are named already."""
    return _left(_policies(_root(ctx)), ctx.params.get("policies") or (), incomplete)


def complete_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return kinds for the first word, as far as the command takes them; names of that kind after it."""
    kinds = _OF_COMMAND.get(ctx.info_name or "", _ALL)
    head, *given = ctx.params.get("words") or ("",)
    if not head:
        return [kind.name if len(kinds) == 1 else kind.plural for kind in kinds if kind.plural.startswith(incomplete)]
    kind = next((kind for kind in kinds if head in kind.words), None)
    return _left(_NAMES[kind.name](_root(ctx)), given, incomplete) if kind else []


def complete_params(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the params of the policy that is named, for `set` with the `=` that follows."""
    import json

    record = _records(_root(ctx)).get(str(ctx.params.get("policy")))
    declared = json.loads(record.document).get("spec", {}).get("params") or {} if record else {}
    given = [str(word).partition("=")[0] for word in ctx.params.get(str(parameter.name)) or ()]
    sign = "=" if parameter.name == "assignments" else ""
    return [f"{name}{sign}" for name in _left(declared, given, incomplete)]


def complete_sources(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the sources of the agent."""
    return _left(_sources(""), (), incomplete)


def complete_stacks(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return policies with outputs of stacks, and the outputs; after a policy, its own."""
    from policyd.reading.stacks import stack_maps

    named = ctx.params.get("names") or ()
    found = [(record.name, of.name) for record in _records(_root(ctx)).values() for of in stack_maps(record)]
    if named:
        return sorted(name for policy, name in found if policy == named[0] and name.startswith(incomplete))
    return sorted({word for pair in found for word in pair if word.startswith(incomplete)})


# ------------------------------------------------------------------------------------------------ what there is


def _left(known: Iterable[str], given: Iterable[str], incomplete: str) -> list[str]:
    """Return the names that begin so and are not given yet."""
    there = set(given)
    return sorted(name for name in set(known) if name.startswith(incomplete) and name not in there)


def _root(ctx: click.Context) -> str:
    settings = ctx.find_object(Settings)
    return settings.root if settings else os.environ.get("POLICYD_ROOT", DEFAULT_ROOT)


def _kernel(root: str) -> Kernel | None:
    try:
        return open_kernel(Settings(root=root), "completion")
    except (PolicydError, OSError):
        return None


def _records(root: str) -> dict[str, PolicyRecord]:
    from policyd.record import read_policies

    kernel = _kernel(root)
    try:
        return read_policies(kernel) if kernel else {}
    except (PolicydError, OSError):
        return {}


def _policies(root: str) -> Iterable[str]:
    return _records(root)


def _hooks(root: str) -> Iterable[str]:
    from policyd.reading.account import read_hooks

    kernel = _kernel(root)
    try:
        return [hook.hook for hook in read_hooks(kernel)] if kernel else []
    except (PolicydError, OSError):
        return []


def _maps(root: str) -> Iterable[str]:
    return [f"{record.name}/{name}" for record in _records(root).values() for name in record.maps]


def _rows(root: str) -> Iterable[str]:
    """Return policies, whose records there are, and tables and snapshots, whose rows there are."""
    from policyd.views.snapshots import snapshot_names
    from policyd.views.tables import table_names

    records = _records(root)
    rows = [*table_names(records.values()), *snapshot_names(records.values())]
    return [*records, *(name for _, name in rows)]


def _lists(root: str) -> Iterable[str]:
    from policyd.views.lists import list_items

    return [item.name for item in list_items(_records(root))]


def _sources(_root: str) -> Iterable[str]:
    from policyd.api.port import DEFAULT_SOCKET
    from policyd.cli.agent import open_agent

    try:
        agent = open_agent(os.environ.get("POLICYD_SOCKET", DEFAULT_SOCKET), _AGENT_SECONDS)
        return [source.name for source in agent.sources()]
    except (PolicydError, OSError):
        return []


_NAMES: dict[str, Callable[[str], Iterable[str]]] = {
    POLICY.name: _policies,
    HOOK.name: _hooks,
    MAP.name: _maps,
    RECORD.name: _rows,
    LIST.name: _lists,
    SOURCE.name: _sources,
}
