"""`policyd stacks`: what policies counted by stack, as a table, JSON, folded text, a flame graph or a profile."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from policyd.cli.context import Settings, open_kernel
from policyd.cli.names import complete_stacks
from policyd.cli.output import note, print_json, say
from policyd.cli.quantities import Duration
from policyd.errors import NotFoundError, UsageError
from policyd.text import one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.port import Kernel
    from policyd.pictures.samples import Choice, Kind, Sample
    from policyd.reading.stacks import Stacks
    from policyd.stack import StackSeries
    from policyd.symbols import Symbols

_TOP = 10
_COLORS = {"kernel": "blue", "made": "green", "unknown": "bright_black"}


@dataclass(frozen=True, slots=True)
class Request:
    """What of the stacks is shown, and how; files are `-` for stdout, or None."""

    top: int | None
    output: str
    folded: bool
    svg: str | None
    pprof: str | None
    only: str | None
    by: tuple[str, ...]
    diff: float | None
    icicle: bool
    reverse: bool
    mangled: bool
    files: tuple[str, ...]

    @property
    def drawn(self) -> list[str]:
        """The forms that hold one output only."""
        forms = {"--folded": self.folded, "--svg": self.svg, "--pprof": self.pprof}
        return [option for option, value in forms.items() if value]


@click.command()
@click.argument("names", nargs=-1, metavar="[POLICY] [NAME]", shell_complete=complete_stacks)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help=f"Only the N largest stacks.  [default: {_TOP} in text, else all]"
)
@click.option(
    "-o", "--output", type=click.Choice(["table", "wide", "json"]), default="table", help="Rows, whole stacks, or JSON."
)
@click.option("--folded", is_flag=True, help="Print a line for each stack, as flame graph tools take it.")
@click.option("--svg", metavar="FILE", help="Draw an interactive flame graph, for any browser.")
@click.option("--pprof", metavar="FILE", help="Write a profile for `go tool pprof` and what else reads its format.")
@click.option(
    "--by", multiple=True, metavar="COLUMN", help="Keep stacks apart by this column only; `none`: by none. [default: all]"
)
@click.option("--kernel", "only", flag_value="kernel", help="Only the kernel's frames.")
@click.option("--user", "only", flag_value="user", help="Only the frames of programs.")
@click.option(
    "--diff", type=Duration(), metavar="DURATION", help="Only what is added in this time from now on (Ctrl-C ends it)."
)
@click.option("--icicle", is_flag=True, help="With --svg: the outermost functions at the top.")
@click.option("--reverse", is_flag=True, help="With --svg: from the innermost functions: who called them.")
@click.option("--mangled", is_flag=True, help="Leave names of C++ and Rust as linkers see them (JSON always does).")
@click.option(
    "--files",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Look for programs in this folder too; may stand several times.",
)
@click.pass_obj
def command(settings: Settings, /, names: tuple[str, ...], **how: object) -> None:
    """Show the stacks that policies have counted, with the names of their functions, the largest first.

    NAME is a `stacks` output (or POLICY/NAME); without names it is all of them. Functions are named by the kernel, by files
    and their debug packages (by build id), and by perf maps of code made at run time; docs/symbols.md tells what to do where
    names are missing. No agent is needed.

    \b
    Examples:
      policyd stacks
      policyd stacks profile --top 3 -o wide
      policyd stacks profile oncpu --svg oncpu.svg
      policyd stacks oncpu --diff 10s --svg last-10-seconds.svg
      policyd stacks oncpu --folded > oncpu.folded
      policyd stacks oncpu --pprof oncpu.pb.gz && go tool pprof -top oncpu.pb.gz
      policyd stacks oncpu --by none --kernel -o json | jq '.items[0].stacks[0]'
    """
    request = Request(**how)  # type: ignore[arg-type]
    _check(request)
    kernel = open_kernel(settings, "stacks")
    found = read_outputs(kernel, names)
    if request.drawn and len(found) != 1:
        _refuse(found, request.drawn[0])
    if not found:
        note("no policy has a `stacks` output; `policyd explain output stacks` shows how one is written")
        return
    if request.diff is not None:
        found = _added(kernel, names, found, request.diff)
    _show(found, request, settings)


def _check(request: Request) -> None:
    if len(request.drawn) > 1:
        raise UsageError(f"{' and '.join(request.drawn)} cannot stand together: one form at a time")
    if request.drawn and request.output != "table":
        raise UsageError(f"{request.drawn[0]} is a form of its own: leave -o {request.output} out")
    if (request.icicle or request.reverse) and not request.svg:
        raise UsageError("--icicle and --reverse tell how a flame graph is drawn: add --svg FILE")


def read_outputs(kernel: Kernel, names: tuple[str, ...]) -> list[Stacks]:
    """Return the outputs that one or two words name: a policy's, or those of a name, or one of a policy."""
    from policyd.reading.stacks import stack_maps
    from policyd.record import read_policies
    from policyd.text import did_you_mean, quote
    from policyd.views.stacks import stack_outputs

    if len(names) > 2:
        raise UsageError("name a policy, an output, or a policy and its output")
    records = read_policies(kernel)
    first = names[0] if names else ""
    if len(names) == 2 and first not in records:
        hint = did_you_mean(first, records) or f"policies: {one_of(sorted(records)) or 'none'}"
        raise NotFoundError(f"there is no policy {quote(first)}; {hint}")
    if first not in records:
        return list(stack_outputs(kernel, records.values(), names=names))
    if not stack_maps(records[first]) and len(names) == 1:
        others = sorted(name for name, record in records.items() if stack_maps(record))
        raise NotFoundError(f"policy {quote(first)} has no `stacks` output; policies that have: {one_of(others) or 'none'}")
    return list(stack_outputs(kernel, records.values(), first, names[1:]))


def _refuse(found: Sequence[Stacks], option: str) -> None:
    outputs = [f"{one.policy}/{one.name}" for one in found]
    if not outputs:
        raise NotFoundError("no policy has a `stacks` output; `policyd explain output stacks` shows how one is written")
    raise UsageError(f"{option} takes one output: name {one_of(outputs)}")


def _added(kernel: Kernel, names: tuple[str, ...], before: Sequence[Stacks], seconds: float) -> list[Stacks]:
    """Wait, read again, and return what came to each output meanwhile."""
    from policyd.pictures.difference import added

    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        note("")  # below the ^C of the terminal
    earlier = {(one.policy, one.name): one for one in before}
    return [
        added(earlier[key], one) if (key := (one.policy, one.name)) in earlier else one
        for one in read_outputs(kernel, names)
    ]


def _show(found: Sequence[Stacks], request: Request, settings: Settings) -> None:
    from policyd.processes import sees_the_host
    from policyd.symbols import Symbols

    symbols = Symbols(sees_the_host(), request.files)
    if request.output == "json":
        from policyd.pictures.document import stacks_document

        print_json({"items": [stacks_document(one, one.series[: request.top], symbols) for one in found]})
    elif request.drawn:
        _draw(found[0], request, symbols, settings)
    else:
        _print_texts(found, request, symbols)
    if not settings.quiet:
        for text in symbols.advice:
            note(text, "yellow")


def samples_of(stacks: Stacks, request: Request, symbols: Symbols) -> tuple[Sample, ...]:
    """Return the samples of an output, as the options choose; `UsageError` for a column that it has not."""
    from policyd.pictures.samples import make_samples, renamed
    from policyd.symbols.demangle import can_demangle, demangled, is_mangled

    samples = make_samples(stacks.series, symbols, _choice(stacks.series, request))
    mangled = {frame.name for sample in samples for frame in sample.frames if is_mangled(frame.name)}
    if mangled and not request.mangled:
        samples = renamed(samples, demangled(mangled))
        if not can_demangle():
            note(f"{len(mangled):,} names of C++ or Rust are shown as linkers see them: install c++filt (binutils)")
    return samples[: request.top]


def _choice(series: Sequence[StackSeries], request: Request) -> Choice:
    from policyd.pictures.samples import Choice

    columns = [column for column, _ in series[0].labels] if series else []
    by = [one for one in request.by if one != "none"]
    wrong = [one for one in by if one not in columns and series]
    if wrong:
        raise UsageError(f"--by {wrong[0]}: stacks are counted by {one_of(columns) or 'nothing but themselves'}")
    return Choice(kernel=request.only != "user", user=request.only != "kernel", by=tuple(by) if request.by else None)


def unit_of(stacks: Stacks) -> str:
    """Return the unit of an output's values, as `pictures.amounts` takes it."""
    return stacks.unit or ("" if stacks.summed else "events")


def _draw(stacks: Stacks, request: Request, symbols: Symbols, settings: Settings) -> None:
    samples = samples_of(stacks, request, symbols)
    if request.folded:
        from policyd.pictures.folded import folded

        for line in folded(samples):
            click.echo(line)
    elif request.svg:
        from policyd.pictures.flame import Look, flame_graph

        look = Look(stacks.name, _subtitle(stacks, request), unit_of(stacks), request.icicle, request.reverse)
        _write(request.svg, flame_graph(samples, look).encode(), settings)
    elif request.pprof:
        from policyd.pictures.pprof import Meaning, pprof

        unit = {"seconds": "nanoseconds", "bytes": "bytes"}.get(stacks.unit, "count")
        comment = f"policyd: policy {stacks.policy}, output {stacks.name}"
        _write(request.pprof, pprof(samples, Meaning(stacks.name, unit, time.time_ns(), comment)), settings)
    if not samples:
        note(f"{stacks.policy}/{stacks.name} has counted no stack yet")


def _subtitle(stacks: Stacks, request: Request) -> str:
    parts = [f"policy {stacks.policy}", stacks.help.rstrip(".")]
    parts += [f"added in {request.diff:g} s"] if request.diff is not None else []
    parts += [f"{stacks.totals.truncated:,} truncated"] if stacks.totals.truncated else []
    parts += [f"{stacks.totals.lost:,} lost"] if stacks.totals.lost else []
    return " · ".join(filter(None, parts))


def _write(file: str, content: bytes, settings: Settings) -> None:
    if file == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with click.open_file(file, "wb", atomic=True) as stream:
        stream.write(content)
    if not settings.quiet:
        note(f"{file} written")


def _print_texts(found: Sequence[Stacks], request: Request, symbols: Symbols) -> None:
    from policyd.pictures.stack_table import stack_blocks, stack_rows

    top = request.top or _TOP
    for number, stacks in enumerate(found):
        every = samples_of(stacks, replace(request, top=None), symbols)
        say(("\n" if number else "") + _heading(stacks, len(every)))
        if not every:
            continue
        shown, whole, unit = every[:top], sum(one.value for one in every), unit_of(stacks)
        if request.output == "wide":
            lines = stack_blocks(shown, whole, unit, _paint)
        else:
            lines = stack_rows(shown, whole, unit, shutil.get_terminal_size().columns, _paint)
        click.echo("\n".join(lines))
        if len(every) > len(shown):
            note(f"{len(shown):,} of {len(every):,} stacks; --top shows more, -o wide whole ones")


def _heading(stacks: Stacks, count: int) -> str:
    """Return `profile/oncpu: 1,234 events, 56 stacks; 3 truncated`."""
    from policyd.pictures.amounts import amount

    totals = stacks.totals
    parts = [f"{stacks.policy}/{stacks.name}: {amount(totals.value, unit_of(stacks))}, {count:,} stack{'s' * (count != 1)}"]
    told = (("truncated", totals.truncated), ("lost (no room)", totals.lost), ("without frames", totals.empty))
    return "; ".join([*parts, *(f"{value:,} {what}" for what, value in told if value)])


def _paint(text: str, kind: Kind) -> str:
    color = _COLORS.get(kind)
    return click.style(text, fg=color) if color else text
