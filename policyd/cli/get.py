"""`policyd get`: one line a policy, hook, map, record or source; or their JSON, YAML or names."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from policyd.api.port import DEFAULT_SOCKET
from policyd.cli import records
from policyd.cli.agent import open_agent, socket_option
from policyd.cli.context import DEFAULT_ROOT, Settings, open_kernel
from policyd.cli.kinds import HOOK, LIST, MAP, POLICY, RECORD, SOURCE, Kind, parse_names
from policyd.cli.names import complete_names
from policyd.cli.output import few, note, paint_status, print_json, print_list, say, table, terminal_width
from policyd.cli.sources import HEADERS as SOURCE_HEADERS
from policyd.cli.sources import WIDE as SOURCE_WIDE
from policyd.errors import NotFoundError, PolicydError
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policyd.health import Proof
    from policyd.kernel.port import Kernel
    from policyd.observe import Observed


_AGENT_SECONDS = 2.0
_NO_PROOFS: Mapping[str, Proof] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to list: its name, its cells (those of `-o wide` last), its JSON and its YAML."""

    name: str
    cells: tuple[object, ...]
    data: dict[str, Any]
    yaml: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind is listed: headers, those that only `-o wide` shows, and what makes the items."""

    headers: tuple[str, ...]
    wide: tuple[str, ...]
    items: Callable[[Observed, Kernel], Iterable[Item]]


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="KIND [NAME…]", shell_complete=complete_names)
@click.option("-o", "--output", type=click.Choice(["wide", "json", "yaml", "name"]), help="More columns, or documents.")
@click.option("--no-headers", is_flag=True, help="Print no line of headers.")
@click.option("-p", "--policy", default="", metavar="POLICY", help="Of records: of this policy's tables, snapshots.")
@click.option("--limit", default=1000, type=click.IntRange(1), show_default=True, help="Of records: at most so many rows.")
@socket_option
@click.pass_obj
def command(settings: Settings, /, words: tuple[str, ...], socket: str, **options: Any) -> None:
    """List policies, hooks, maps or records of what runs, or the sources of the agent.

    KIND is policies, hooks, maps, lists, records or sources (for which the agent is asked). STATUS of a policy is Ready,
    Suspended, Degraded (something was changed from outside; apply mends it) or NotApplicable (this kernel has none of its
    hooks); a Ready one is Proven or Attached where an agent knows whether its events come all the way through. LOST are
    events that found no room, HELD those that a rate or a sample held back; MISSED are runs at the policy's hooks that the
    kernel dropped, which may have been events or not. RUNS are counted while kernel.bpf_stats_enabled is on. The records of
    a table (TABLE or POLICY/TABLE) are its rows, in the order of their keys; those of a snapshot (RULE or POLICY/RULE, a
    rule at an `iter` hook) what there is now; other records are what policyd keeps of policies. -o yaml prints policies as
    they were applied, so that they can be applied again; -o json adds their status.

    \b
    Examples:
      policyd get policies
      policyd get policies -o wide
      policyd get policy exec-audit -o yaml > exec-audit.yaml
      policyd get policies -o json | jq '.items[] | select(.status.lost > 0) | .metadata.name'
      policyd get policies -o name | xargs policyd delete
      policyd get hooks
      policyd get maps exec-audit
      policyd get lists
      policyd get records -o json
      policyd get records births
      policyd get records open-files --limit 20
      policyd get records -p exec-lineage --limit 20 -o json
      policyd get sources
    """
    from policyd.observe import observe

    output, no_headers, policy = options["output"], options["no_headers"], options["policy"]
    kind, names = parse_names(words, (POLICY, HOOK, MAP, LIST, RECORD, SOURCE))
    if kind is SOURCE:
        _get_sources(socket, names, output, no_headers)
        return
    kernel = open_kernel(settings, "get")
    observed = observe(kernel)
    for reason in observed.damaged:
        note(f"warning: {reason}", "yellow")
    if kind is RECORD and (policy or records.are_rows(observed, names)):
        records.show(kernel, observed, policy, names, output, options["limit"])
        return
    if kind is POLICY:
        found = list(_policies(observed, kernel, _proofs(settings, socket)))
    else:
        found = list(LISTINGS[kind].items(observed, kernel))
    chosen = _choose(kind, found, names)
    if not found and output not in {"json", "yaml"}:
        note(f"No {kind.plural}." + (_FIRST if kind is POLICY else ""))
        return
    _PRINTERS[output](kind, chosen, no_headers)
    if kind is POLICY and output in {None, "wide"} and not settings.quiet:
        _remark(kernel, chosen)


_FIRST = " `policyd init` writes a first one, `policyd apply -f FILE` runs it."


def _proofs(settings: Settings, socket: str) -> Mapping[str, Proof]:
    """Return what the agent knows of policies' proofs; nothing if there is no agent, or one of another root."""
    if settings.root != DEFAULT_ROOT and socket == DEFAULT_SOCKET:
        return {}
    try:
        return open_agent(socket, _AGENT_SECONDS).proofs()
    except PolicydError:
        return {}


def _get_sources(socket: str, names: tuple[str, ...], output: str | None, no_headers: bool) -> None:
    """List what the agent says of its sources."""
    from policyd.cli import sources

    found = [
        Item(status.name, sources.cells(status), sources.data(status), sources.data(status))
        for status in open_agent(socket).sources()
    ]
    chosen = _choose(SOURCE, found, names)
    if not found and output not in {"json", "yaml"}:
        note("No sources.")
        return
    if output is None:
        rows = sources.fitted(item.cells for item in chosen)
        chosen = [replace(item, cells=row) for item, row in zip(chosen, rows, strict=True)]
    _PRINTERS[output](SOURCE, chosen, no_headers)


def _no_items(_: Observed, __: Kernel) -> Iterable[Item]:
    """Sources are the agent's, not the kernel's."""
    return ()


def _remark(kernel: Kernel, policies: list[Item]) -> None:
    """Say which policies have actions that are not taken, and that a change is on trial."""
    for item in policies:
        if item.data["status"]["acts"] and item.data["status"]["mode"] == "monitor":
            note(f"policy/{item.name} has actions, but its mode is monitor: nothing acts")
    if not kernel.exists("pending"):
        return
    from policyd.engine.trial import pending

    trial = pending(kernel)
    if trial is not None:
        if trial.seconds_left > 0:
            note(f"a change is on trial, for {trial.seconds_left:.0f} s: policyd confirm keeps it")
        else:
            note("a change on trial was not taken back in time: policyd confirm keeps it, --revert takes it back", "yellow")


def _choose(kind: Kind, items: list[Item], names: tuple[str, ...]) -> list[Item]:
    """Return the items of these names (of a map: of these policies), in the order of the names; all if there are none."""
    if not names:
        return items
    chosen = []
    for name in names:
        fitting = [item for item in items if name in (item.name, item.name.partition("/")[0] if kind is MAP else "")]
        if not fitting:
            hint = did_you_mean(name, [item.name for item in items]) or f"see policyd get {kind.plural}"
            raise NotFoundError(f"there is no {kind.name} {quote(name)}; {hint}")
        chosen += fitting
    return chosen


def _print_table(kind: Kind, items: list[Item], no_headers: bool, *, wide: bool = False) -> None:
    listing = LISTINGS[kind]
    headers = listing.headers + (listing.wide if wide else ())
    most = None if wide else terminal_width()
    shown = table(headers, [item.cells[: len(headers)] for item in items], paint_status, most=most)
    click.echo(shown.split("\n", 1)[1] if no_headers else shown)


def _print_wide(kind: Kind, items: list[Item], no_headers: bool) -> None:
    _print_table(kind, items, no_headers, wide=True)


def _print_json(_kind: Kind, items: list[Item], _: bool) -> None:
    print_json({"items": [item.data for item in items]})


def _print_yaml(_kind: Kind, items: list[Item], _: bool) -> None:
    print_list([item.yaml for item in items])


def _print_names(kind: Kind, items: list[Item], _: bool) -> None:
    for item in items:
        say(f"{kind.name}/{item.name}")


_PRINTERS: dict[str | None, Callable[[Kind, list[Item], bool], None]] = {
    None: _print_table,
    "wide": _print_wide,
    "json": _print_json,
    "yaml": _print_yaml,
    "name": _print_names,
}


# ------------------------------------------------------------------------------------------------ the four kinds


def _policies(observed: Observed, kernel: Kernel, proofs: Mapping[str, Proof] = _NO_PROOFS) -> Iterable[Item]:
    from policyd.status import policy_views
    from policyd.views import plain
    from policyd.views.kernel import policy_document, policy_item
    from policyd.views.top import status_of

    now = time.time()
    for name, view in policy_views(observed, kernel).items():
        record = view.record
        proof = proofs.get(name)
        reason = f"({view.reasons[0]})" if view.reasons and view.phase != "Ready" else ""
        yield Item(
            name,
            (
                name,
                view.mode if record.acts else "-",
                status_of(view.phase, proofs.get(name)),
                len(record.points),
                view.account.get("delivered", 0),
                view.lost,
                view.missed,
                age(now - record.applied),
                record.set,
                record.revision,
                record.severity,
                len(record.rules),
                f"{record.ring_bytes >> 10}Ki",
                view.held,
                ",".join(sorted(record.overrides)),
                few(record.tags),
                record.source,
                reason or (proof.reason if proof else ""),
            ),
            plain(policy_item(view, proofs.get(name))),
            policy_document(record),
        )


def _hooks(observed: Observed, kernel: Kernel) -> Iterable[Item]:
    from policyd.status import hook_views
    from policyd.views import plain
    from policyd.views.kernel import hook_item

    for view in hook_views(observed, kernel):
        yield Item(
            view.key,
            (
                view.key,
                len(view.policies),
                view.runs or "",
                view.missed,
                "Degraded" if view.fault else "Ready",
                view.programs[0].name if view.programs else "",
                view.programs[0].id if view.programs else "",
                "filter" if view.stands_in else show_links(view.link_ids),
                len(view.members) if len(view.members) > 1 else "",
                sum(info.verified_instructions for info in view.programs),
                few(view.policies),
                few(view.kept_for),
                view.fault,
            ),
            plain(hook_item(view)),
            plain(hook_item(view)),
        )


def _maps(observed: Observed, kernel: Kernel) -> Iterable[Item]:
    from policyd.status import map_views
    from policyd.views import plain
    from policyd.views.kernel import map_item

    for view in map_views(observed, kernel):
        entries = "-" if view.entries is None else view.entries
        yield Item(
            f"{view.policy}/{view.name}",
            (view.policy, view.name, view.type, f"{entries}/{view.max_entries}", view.memory, view.purpose, view.param),
            plain(map_item(view)),
            plain(map_item(view)),
        )


def _lists(observed: Observed, _: Kernel) -> Iterable[Item]:
    from policyd.views import plain
    from policyd.views.lists import list_items

    for item in list_items(observed.records):
        cells = (item.name, item.policy_list, item.type, len(item.values), few(item.policies))
        yield Item(item.name, (*cells, few(item.include), item.source), plain(item), plain(item))


def _records(observed: Observed, _: Kernel) -> Iterable[Item]:
    from policyd.views.kernel import record_data

    for name, record in sorted(observed.records.items()):
        applied = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.applied))
        cells = (
            name,
            record.id,
            record.row,
            record.generation,
            record.policyd,
            applied,
            len(record.layouts),
            record.boot_id,
        )
        yield Item(name, cells, record_data(record), record_data(record))


def show_links(ids: tuple[int, ...]) -> int | str | None:
    """Return the link of an attach point, or how many there are."""
    return f"{len(ids)} links" if len(ids) > 1 else next(iter(ids), None)


def age(seconds: float) -> str:
    """Return a time span as kubectl shows ages: `12s`, `5m`, `3h`, `2d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size * (2 if unit == "m" else 1):
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


LISTINGS: dict[Kind, Listing] = {
    POLICY: Listing(
        ("NAME", "MODE", "STATUS", "HOOKS", "EVENTS", "LOST", "MISSED", "AGE"),
        ("SET", "REVISION", "SEVERITY", "RULES", "RING", "HELD", "OVERRIDES", "TAGS", "SOURCE", "REASON"),
        _policies,
    ),
    HOOK: Listing(
        ("HOOK", "POLICIES", "RUNS", "MISSED", "STATUS"),
        ("PROGRAM", "ID", "LINK", "MEMBERS", "VERIFIED", "OF", "KEEPS-FOR", "REASON"),
        _hooks,
    ),
    MAP: Listing(("POLICY", "MAP", "TYPE", "ENTRIES/MAX", "BYTES"), ("PURPOSE", "PARAM"), _maps),
    LIST: Listing(("NAME", "POLICYLIST", "TYPE", "VALUES", "POLICIES"), ("INCLUDES", "SOURCE"), _lists),
    RECORD: Listing(("POLICY", "ID", "ROW", "GENERATION", "POLICYD", "APPLIED"), ("LAYOUTS", "BOOT"), _records),
    SOURCE: Listing(SOURCE_HEADERS, SOURCE_WIDE, _no_items),
}
