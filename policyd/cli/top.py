"""`policyd top`: which policies do how much right now, in a table that is drawn again and again."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.context import Settings, open_kernel
from policyd.cli.keys import keys
from policyd.cli.output import Screen, paint_status, print_json, table
from policyd.cli.quantities import Duration
from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.api.client import AgentClient
    from policyd.health import AgentStatus, Proof
    from policyd.kernel.port import Kernel
    from policyd.views.top import Look, TopRow

WIDE = 116
"""From so many columns on, all are shown."""
_FIRST_SECONDS = 1.0
"""The first picture does not wait longer for something to compare with."""
_SHORTEST_NAME = 12
_AGENT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, the cell of a row, what `-s` calls it and sorts by (the largest first, but names)."""

    header: str
    cell: Callable[[TopRow], object]
    key: str = ""
    order: Callable[[TopRow], object] | None = None
    numeric: bool = True
    wide: bool = False


def _number(value: float | None) -> str:
    """Return a rate in a few characters: `12`, `3.4`, `120k`."""
    if value is None:
        return ""
    size, unit = next((size, unit) for size, unit in _UNITS if value >= size or size == 1)
    scaled = value / size
    return f"{scaled:.0f}{unit}" if scaled >= 100 or scaled == int(scaled) else f"{scaled:.1f}{unit}"


_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _memory(size: int) -> str:
    return f"{size / (1 << 20):.1f}Mi" if size >= 1 << 20 else f"{size >> 10}Ki"


def _largest(value: float | None) -> float:
    return -1.0 if value is None else value


COLUMNS: tuple[Column, ...] = (
    Column("POLICY", lambda row: row.policy, "name", numeric=False),
    Column("STATUS", lambda row: row.status, "status", lambda row: row.status, numeric=False),
    Column("HOOKS", lambda row: row.hooks, "hooks", lambda row: row.hooks),
    Column("EVENTS/S", lambda row: _number(row.event_rate), "events", lambda row: _largest(row.event_rate)),
    Column("LOST/S", lambda row: _number(row.lost_rate), "lost", lambda row: (_largest(row.lost_rate), row.lost)),
    Column("LOST", lambda row: row.lost),
    Column("~CPU%", lambda row: _percent(row.cost_estimate), "cost", lambda row: _largest(row.cost_estimate)),
    Column("MEMORY", lambda row: _memory(row.bytes), "memory", lambda row: row.bytes),
    Column("MATCHED/S", lambda row: _number(row.matched_rate), "matched", lambda row: _largest(row.matched_rate), wide=True),
    Column("ACTED/S", lambda row: _number(row.acted_rate), "acted", lambda row: _largest(row.acted_rate), wide=True),
    Column("MISSED/S", lambda row: _number(row.missed_rate), "missed", lambda row: _largest(row.missed_rate), wide=True),
    Column("MODE", lambda row: row.mode, numeric=False, wide=True),
    Column("SET", lambda row: row.set, numeric=False, wide=True),
)
KEYS = tuple(column.key for column in COLUMNS if column.key)


@dataclass(slots=True)
class Source:
    """Where pictures come from: the kernel, and the agent if there is one."""

    kernel: Kernel
    agent: AgentClient
    last: Look | None = field(default=None, init=False)
    status: AgentStatus | None = field(default=None, init=False)
    seconds: float = field(default=0.0, init=False)

    def look(self) -> Look:
        """Look at the kernel now."""
        from policyd.observe import observe
        from policyd.views.top import look

        return look(observe(self.kernel), self.kernel, time.monotonic())

    def begin(self) -> None:
        """Take the look that the first picture is compared with."""
        self.last = self.look()

    def rows(self) -> list[TopRow]:
        """Return what happened since the last look."""
        from policyd.views.top import top_rows

        assert self.last is not None
        before, after = self.last, self.look()
        self.last, self.seconds = after, after.when - before.when
        return top_rows(before, after, self._proofs())

    def _proofs(self) -> Mapping[str, Proof]:
        try:
            self.status = self.agent.status()
            return self.agent.proofs()
        except PolicydError:  # none is there, or it is busy: the kernel says enough
            self.status = None
            return {}


@click.command()
@click.option("-s", "--sort", type=click.Choice(KEYS), default="events", show_default=True, help="What comes first.")
@click.option("-d", "--delay", type=Duration(), default="2s", show_default=True, help="Time between pictures.")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    metavar="N",
    help="Stop after N pictures.  [default: 1 where there is no terminal]",
)
@click.option(
    "--cost", is_flag=True, help="Have the kernel measure run times meanwhile (it slows all BPF programs a little)."
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one picture as a JSON document.")
@socket_option
@click.pass_obj
def command(
    settings: Settings, sort: str, delay: float, count: int | None, cost: bool, output: str | None, socket: str
) -> None:
    """Show what policies do right now: events, losses, cost and memory of each, drawn again and again.

    ~CPU% is an estimate: the kernel measures hooks, and their time is divided among policies by their number of rules. It
    is there with --cost, or while kernel.bpf_stats_enabled is on. MEMORY is that of a policy's maps. STATUS is Proven if the
    agent knows that events come all the way through, Attached if not; without an agent, Ready. q ends it.

    \b
    Examples:
      policyd top
      policyd top -s cost --cost
      policyd top -d 10s -n 6 > top.txt
      policyd top -o json | jq '.policies[] | select(.lost > 0) | .policy'
    """
    source = Source(open_kernel(settings, "top"), open_agent(socket, _AGENT_SECONDS))
    delay = max(delay, 0.1)
    with ExitStack() as stack:
        if cost:
            from policyd.kernel.bpf.stats import measuring

            stack.enter_context(measuring())
        source.begin()
        if output == "json":
            time.sleep(min(delay, _FIRST_SECONDS))
            _print_document(source, sort)
        elif sys.stdout.isatty():
            _draw(source, sort, delay, count)
        else:
            _print_blocks(source, sort, delay, count or 1)


def ordered(rows: list[TopRow], key: str) -> list[TopRow]:
    """Return rows sorted by a key: names and statuses from A, numbers from the largest, equal ones by name."""
    order = next(column.order for column in COLUMNS if column.key == key)
    by_name = sorted(rows, key=lambda row: row.policy)
    if order is None:
        return by_name
    return sorted(by_name, key=order, reverse=key != "status")  # type: ignore[arg-type]


def picture(source: Source, rows: list[TopRow], sort: str, width: int, height: int | None = None) -> list[str]:
    """Return the lines of a picture: a head, the table, and how many rows did not fit."""
    columns = [column for column in COLUMNS if width >= WIDE or not column.wide]
    room = len(rows) if height is None else max(height - 4, 1)
    shown = ordered(rows, sort)[:room]
    body = _fitted(columns, [[column.cell(row) for column in columns] for row in shown], width)
    more = [f"… and {len(rows) - len(shown)} more"] if len(shown) < len(rows) else []
    return [_head(source, rows)[: width - 1], "", *body, *more]


def _fitted(columns: list[Column], cells: list[list[object]], width: int) -> list[str]:
    """Return the lines of the table; the names of policies give way where it is too wide."""
    headers, numeric = [column.header for column in columns], frozenset(one.header for one in columns if one.numeric)
    lines = table(headers, cells, paint_status, numeric).splitlines()
    over = max(len(click.unstyle(line)) for line in lines) - width
    if over > 0:
        room = max(max(len(str(row[0])) for row in cells) - over, _SHORTEST_NAME)
        cut = [[_cut(str(row[0]), room), *row[1:]] for row in cells]
        lines = table(headers, cut, paint_status, numeric).splitlines()
    return [line if len(click.unstyle(line)) <= width else click.unstyle(line)[:width] for line in lines]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _head(source: Source, rows: list[TopRow]) -> str:
    events = sum(row.event_rate or 0.0 for row in rows)
    memory = _memory(sum(row.bytes for row in rows))
    head = f"{time.strftime('%H:%M:%S')}  {len(rows)} policies  {_number(events)} events/s  {memory}"
    if source.status is None:
        return f"{head}  no agent"
    states = [status.state for status in source.status.sources]
    told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "none"
    well = "healthy" if source.status.healthy else "not healthy"
    return f"{head}  agent: {well}; sources: {told}"


def _print_document(source: Source, sort: str) -> None:
    from policyd.views import date, plain

    rows = ordered(source.rows(), sort)
    agent = None
    if source.status is not None:
        agent = {"healthy": source.status.healthy, "ready": source.status.ready, "reasons": list(source.status.reasons)}
    print_json({"time": date(time.time()), "seconds": round(source.seconds, 3), "agent": agent, "policies": plain(rows)})


def _print_blocks(source: Source, sort: str, delay: float, count: int) -> None:
    """Print pictures below one another."""
    try:
        for number in range(count):
            time.sleep(delay if number else min(delay, _FIRST_SECONDS))
            click.echo(("\n" if number else "") + "\n".join(picture(source, source.rows(), sort, WIDE)))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


def _draw(source: Source, sort: str, delay: float, count: int | None) -> None:
    """Draw pictures over one another, until `q` or a signal."""
    drawn = 0
    with keys() as pressed, Screen() as screen:
        try:
            while count is None or drawn < count:
                if pressed(min(delay, _FIRST_SECONDS) if not drawn else delay):
                    return
                width, height = screen.size()
                screen.draw(picture(source, source.rows(), sort, width, height))
                drawn += 1
        except KeyboardInterrupt:
            return
