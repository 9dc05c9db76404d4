"""`policyd describe policy|hook|source NAME`: everything about one of them, for people (scripts use `get -o json`)."""

from __future__ import annotations

import errno
import signal
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.agent import Known, known_to_agent, open_agent, socket_option
from policyd.cli.context import Settings, open_kernel
from policyd.cli.kinds import HOOK, POLICY, SOURCE, parse_names
from policyd.cli.names import complete_names
from policyd.cli.output import clean, few, paint_status, say, table
from policyd.cli.prose import width, wrapped_table
from policyd.effect import INTO
from policyd.errors import NotFoundError, UsageError
from policyd.naming import interface_name
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policyd.health import Books
    from policyd.record import PolicyRecord, RuleRecord
    from policyd.status import HookView, MapView, PolicyView

KEY_WIDTH = 14


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="KIND NAME…", shell_complete=complete_names)
@socket_option
@click.pass_obj
def command(settings: Settings, words: tuple[str, ...], socket: str) -> None:
    """Show everything about one policy, hook or source.

    KIND is policy, hook or source; a hook's name is as `policyd get hooks` prints it. The agent is asked for sources; of a
    policy it knows whether its events come all the way through (STATUS), and its books.

    \b
    Examples:
      policyd describe policy exec-audit
      policyd describe hook tracepoint:syscalls/sys_enter_openat
      policyd describe policy/exec-audit policy/deny-egress
      policyd describe source base
    """
    from policyd.observe import observe
    from policyd.status import hook_views, map_views, policy_views

    kind, names = parse_names(words, (POLICY, HOOK, SOURCE))
    if not names:
        raise UsageError(f"name the {kind.name} to describe; policyd get {kind.plural} lists them")
    if kind is SOURCE:
        _show_sources(socket, names)
        return
    kernel = open_kernel(settings, "describe")
    known = known_to_agent(settings, socket) if kind is POLICY else Known()
    observed = observe(kernel)
    hooks = {view.key: view for view in hook_views(observed, kernel)}
    policies = policy_views(observed, kernel)
    for number, name in enumerate(names):
        if name not in (policies if kind is POLICY else hooks):
            hint = did_you_mean(name, policies if kind is POLICY else hooks) or f"see policyd get {kind.plural}"
            raise NotFoundError(f"there is no {kind.name} {quote(name)}; {hint}")
        if number:
            say()
        if kind is POLICY:
            maps = [view for view in map_views(observed, kernel) if view.policy == name]
            _show_policy(policies[name], [hooks[key] for key in policies[name].points], maps, known)
        else:
            _show_hook(hooks[name], observed.records)


def _show_sources(socket: str, names: Sequence[str]) -> None:
    from policyd.cli.sources import show_source

    agent = open_agent(socket)
    drift = agent.status().drift
    for number, status in enumerate([agent.source(name) for name in names]):
        if number:
            say()
        show_source(status, drift)


# ------------------------------------------------------------------------------------------------ a policy


def _show_policy(view: PolicyView, hooks: Sequence[HookView], maps: Sequence[MapView], known: Known) -> None:
    from policyd.views import date
    from policyd.views.kernel import policy_document
    from policyd.views.top import status_of

    proof, books = known.proofs.get(view.record.name), known.books.get(view.record.name)
    record, document = view.record, policy_document(view.record)
    metadata, spec = document.get("metadata", {}), document.get("spec", {})
    _pairs(
        [
            ("Name", record.name),
            ("Description", spec.get("description", "")),
            ("Labels", _joined(metadata.get("labels", {}))),
            ("Annotations", _joined(metadata.get("annotations", {}))),
            ("Status", status_of(view.phase, proof)),
            ("Reasons", "\n".join([*view.reasons, *([proof.reason] if proof and proof.reason else [])])),
            ("Mode", _mode(view)),
            ("Severity", record.severity),
            ("Set", record.set),
            ("Source", record.source),
            ("Applied", f"{date(record.applied)} by policyd {record.policyd}"),
            ("Ring", f"{record.ring_bytes >> 10} KiB"),
        ]
    )
    _section("Rules", ("NAME", "HOOK", "ACTION", "OUTPUTS"), _rules(record, spec))
    _section("Messages and tags", ("RULE", "TAGS", "MESSAGE"), _messages(record, spec))
    _section("Lists", ("NAME", "POLICYLIST", "TYPE", "VALUES"), _lists(record))
    _section("Params", ("NAME", "TYPE", "FROM", "VALUES"), _params(record, spec))
    _section("Attach points", ("HOOK", "PROGRAM", "MISSED", "STATUS"), map(_hook_row, hooks))
    _section("Maps", ("NAME", "PURPOSE", "TYPE", "ENTRIES/MAX", "BYTES"), map(_map_row, maps))
    _section("Account", ("", "COUNT", "MEANING"), _account(view))
    if books is not None:
        _section("Books", ("", "COUNT", "MEANING"), _books(books))
    for warning in record.warnings:
        say(f"warning: {warning}")


def _mode(view: PolicyView) -> str:
    if not view.record.acts:
        return f"{view.mode} (it has no actions)"
    return "enforce" if view.mode == "enforce" else "monitor (actions are counted and shown, not taken)"


def _rules(record: PolicyRecord, spec: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    written = {rule.get("name"): rule for rule in spec.get("rules", [])}
    seen: dict[str, list[RuleRecord]] = {}
    for rule in record.rules:
        seen.setdefault(rule.name, []).append(rule)
    for name, rows in seen.items():
        hooks = [record.hooks[row.hook] for row in rows if row.hook < len(record.hooks)]
        yield (
            name,
            few(list(dict.fromkeys(hooks))).replace(",", ", "),
            _action(rows[0]) + (" (undecided too)" if written.get(name, {}).get("onUnread") == "act" else ""),
            ", ".join(_output(one) for one in written.get(name, {}).get("outputs", [])),
        )


def _action(rule: RuleRecord) -> str:
    """Return what a rule does in words: `deny EPERM signal SIGKILL`."""
    numbers = {
        "deny": errno.errorcode.get(rule.number, str(rule.number)),
        "mark": hex(rule.number),
        "return": str(rule.number),
        "redirect": _interface(rule.number),
    }
    verdict = "" if rule.verdict == "none" else f"{rule.verdict} {numbers.get(rule.verdict, '')}".rstrip()
    return " ".join(filter(None, (verdict, f"signal {_signal(rule.signal)}" if rule.signal else "")))


def _interface(number: int) -> str:
    index = number & (INTO - 1)
    return f"{'into' if number & INTO else 'to'} {interface_name(index) or f'an interface that is gone ({index})'}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)


def _output(output: Mapping[str, Any]) -> str:
    kind, body = next(iter(output.items()))
    return f"{kind} {body['name']}" if isinstance(body, dict) and "name" in body else str(kind)


def _messages(record: PolicyRecord, spec: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    written = {rule.get("name"): rule.get("message", "") for rule in spec.get("rules", [])}
    for name, tags in {rule.name: rule.tags for rule in record.rules}.items():
        if tags or written.get(name):
            yield name, ", ".join(tags), written.get(name, "")


def _lists(record: PolicyRecord) -> Iterator[tuple[object, ...]]:
    from policyd.views.lists import lists_of

    for item in lists_of(record):
        included = [f"(all of {name})" for name in item.include]
        yield item.name, item.policy_list, item.type, few([*item.values, *included]) or "(empty)"


def _params(record: PolicyRecord, spec: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    from policyd.cli.parameters import parameters

    for row in parameters(record, spec):
        yield row.name, row.type, row.origin, few(list(row.values)) if row.values else "(empty)"


def _account(view: PolicyView) -> Iterator[tuple[object, ...]]:
    for column, count in view.account.items():
        yield column, count, ACCOUNT_MEANINGS[column]
    yield "missed", view.missed, "runs at these attach points that the kernel dropped"


def _books(books: Books) -> Iterator[tuple[object, ...]]:
    gone = sum(books.lost.values()) + sum(books.held.values())
    yield "read", books.read, "events that the agent has taken out of the ring"
    yield "waiting", books.waiting, "events that are in the ring still"
    yield "not counted", books.matched - books.delivered - gone, "matched - delivered - lost - held back: 0 in the end"
    yield "not found", books.delivered - books.read - books.waiting, "delivered - read - waiting: 0 while nothing happens"


ACCOUNT_MEANINGS = {
    "matched": "events whose rule matched",
    "delivered": "events put into the ring",
    "ring_full": "events lost: the ring was full",
    "map_full": "metric updates turned away: the map was full",
    "key_absent": "metric updates not made: a key or the value was absent",
    "negative": "histogram values and spans not recorded: below zero",
    "unread": "rules left undecided: something could not be read",
    "acted": "verdicts and signals taken",
    "would_act": "verdicts and signals held back by mode monitor",
    "nested": "runs given up: the scratch space was in use",
    "canary": "canaries of the agent that came through",
    "rate_limited": "events held back by a rate",
    "sampled_out": "events held back by a sample",
    "unpaired": "calls and spans that ended, of whose beginning nobody knew what a rule wanted",
    "table_full": "rows and starts of spans not written: the table was full",
    "table_absent": "rows not written: a key or a value was absent",
}
"""What each column of the account means, for people."""


# ------------------------------------------------------------------------------------------------ a hook


def _show_hook(view: HookView, records: Mapping[str, PolicyRecord]) -> None:
    _pairs(
        [
            ("Name", view.key),
            ("Id", view.id),
            ("Members", ", ".join(view.members)),
            ("Status", "Degraded" if view.fault else "Ready"),
            ("Reason", view.fault),
            ("Link", _links(view)),
            ("Attached", f"{view.attached.name} (id {view.attached.id})" if view.attached else ""),
            ("Missed", f"{view.missed} runs that the kernel dropped"),
            ("Keeps", f"what rules want at the end of the calls: {few(view.kept_for)}" if view.kept_for else ""),
            ("Runs", f"{view.runs}, {view.run_time_ns // view.runs} ns each" if view.runs else ""),
        ]
    )
    programs = [(i.id, i.name, i.type, i.tag, i.instructions, i.verified_instructions) for i in view.programs]
    _section("Programs", ("ID", "NAME", "TYPE", "TAG", "INSTRUCTIONS", "VERIFIED"), programs)
    rules = [
        (name, rule.name, _action(rule))
        for name in view.policies
        if name in records
        for rule in records[name].rules
        if rule.point == view.key
    ]
    _section("Rules", ("POLICY", "RULE", "ACTION"), rules)


def _links(view: HookView) -> str:
    ids = ", ".join(map(str, view.link_ids)) or view.stands_in
    return f"{len(view.link_ids)} links, one a CPU: {ids}" if len(view.link_ids) > 1 else ids


def _hook_row(view: HookView) -> tuple[object, ...]:
    return view.key, view.programs[0].name if view.programs else "", view.missed, "Degraded" if view.fault else "Ready"


def _map_row(view: MapView) -> tuple[object, ...]:
    entries = "-" if view.entries is None else view.entries
    return view.name, view.purpose, view.type, f"{entries}/{view.max_entries}", view.memory


# ------------------------------------------------------------------------------------------------ how it is laid out


def _pairs(pairs: Iterable[tuple[str, object]]) -> None:
    for key, value in pairs:
        if value in ("", None):
            continue
        first, *rest = [part for line in clean(value).split("\n") for part in _wrapped(line)]
        color = paint_status("STATUS", first) if key == "Status" else None
        click.echo(f"{key + ':':<{KEY_WIDTH}}{click.style(first, fg=color) if color else first}")
        for line in rest:
            click.echo(" " * KEY_WIDTH + line)


def _wrapped(line: str) -> list[str]:
    """Return a line in parts that fit beside the keys on a terminal."""
    if not sys.stdout.isatty():
        return [line]
    return textwrap.wrap(line, width() - KEY_WIDTH, break_on_hyphens=False, break_long_words=False) or [""]


def _section(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table below its title; one that is too wide for the screen goes on in further lines."""
    found = list(rows)
    if not found:
        return
    click.echo(f"{title}:")
    lines = table(headers, found, paint_status).splitlines()
    columns = width() - 2
    if any(len(click.unstyle(line)) > columns for line in lines):
        lines = wrapped_table(headers, [["" if cell is None else str(cell) for cell in row] for row in found], columns)
    for line in lines:
        click.echo(f"  {line}")


def _joined(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in pairs.items())
