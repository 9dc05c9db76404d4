"""What a report is about: all that is known of what runs, as frozen rows, and how it is gathered from a kernel.

In: a kernel, and readings of it.  Out: `Facts`, which `report.py` makes a page of.  Gathering takes nothing away: events
that wait in a ring are looked at, and stay there; where an agent reads the rings, it is asked for the last ones.
"""

from __future__ import annotations

import json
import platform
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policyd import __version__
from policyd.errors import LockError, PolicydError
from policyd.observe import observe
from policyd.pictures.flame import Look, flame_graph
from policyd.pictures.samples import make_samples
from policyd.pictures.tracks import Reading, Track, tracks
from policyd.reading.account import account_families
from policyd.reading.metrics import Family, read_families
from policyd.reading.policy import PolicyReader
from policyd.sinks.jsonl import JsonLines
from policyd.status import hook_views, policy_memory, policy_views
from policyd.views.stacks import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from policyd.kernel.port import Kernel
    from policyd.observe import Observed
    from policyd.record import PolicyRecord
    from policyd.stack import FrameNames
    from policyd.status import HookView, PolicyView

    Asked = Callable[[str, int], Sequence[Mapping[str, Any]]]
    """Gives the last events of a policy, where somebody else reads its ring."""

OWN = "policyd_"
"""How the names of policyd's own metrics begin; those of policies must not."""
_PEEKED = 1 << 16


@dataclass(frozen=True, slots=True)
class StackPicture:
    """A `stacks` output as a flame graph (SVG that needs nothing else); `events` counts what is in it."""

    name: str
    svg: str
    events: int
    lost: int


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy.  `tracks` are its metrics over time, `books` those of its account; `events` the last ones, oldest first.

    `untold` says why there are no events, where that is not because nothing happened.  `memory` is in bytes.
    """

    view: PolicyView
    spec: Mapping[str, Any]
    tracks: tuple[Track, ...] = ()
    books: tuple[Track, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    untold: str = ""
    memory: int = 0
    stacks: tuple[StackPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """A host at one time.  `written` is in seconds since 1970, `seconds` how long it was watched before.

    `strangers` says of each pin below the root that no policy has where it may be from.
    """

    host: str
    kernel: str
    written: float
    seconds: float
    policies: tuple[PolicyFacts, ...] = ()
    hooks: tuple[HookView, ...] = ()
    strangers: tuple[str, ...] = ()
    version: str = field(default=__version__)


def read_all(kernel: Kernel, records: Iterable[PolicyRecord]) -> list[Family]:
    """Return the metrics of policies, and their accounts."""
    from policyd.reading.account import read_account  # noqa: PLC0415

    found = list(records)
    own = account_families({record.name: read_account(kernel, record.row) for record in found})
    return [*(family for record in found for family in read_families(kernel, record)), *own]


def gather(kernel: Kernel, readings: Sequence[Reading], names: Sequence[str], most: int, means: Means) -> Facts:
    """Return all that is known now of the policies called `names` (of all, if none are), with `readings` of `read_all`."""
    observed = observe(kernel)
    views, memory = policy_views(observed, kernel), policy_memory(observed, kernel)
    wanted = [name for name in sorted(views) if not names or name in names]
    found = tracks(readings)
    policies = tuple(_policy(kernel, views[name], memory.get(name, 0), found, most, means) for name in wanted)
    hooks = [hook for hook in hook_views(observed, kernel) if set(hook.policies) & set(wanted)]
    return Facts(
        host=platform.node(),
        kernel=f"{platform.release()} {platform.machine()}",
        written=time.time(),
        seconds=readings[-1].when - readings[0].when,
        policies=policies,
        hooks=tuple(hooks),
        strangers=() if names else tuple(_strangers(observed)),
    )


def _strangers(observed: Observed) -> Iterable[str]:
    yield from (f"{path}: left by a run that did not end; `policyd apply` takes it away" for path in observed.leftovers)
    yield from (f"{path}: not of policyd's making, and left alone" for path in observed.unknown)


@dataclass(frozen=True, slots=True)
class Means:
    """Who else is asked: `names` what frames are called (None: no flame graphs), `asked` whoever reads the rings."""

    names: FrameNames | None
    asked: Asked


def _policy(kernel: Kernel, view: PolicyView, memory: int, found: Sequence[Track], most: int, means: Means) -> PolicyFacts:
    record = view.record
    own = [track for track in found if track.family.policy == record.name]
    events, untold = last_events(kernel, record, most, means.asked)
    return PolicyFacts(
        view=view,
        spec=json.loads(record.document).get("spec", {}),
        tracks=tuple(track for track in own if not track.family.name.startswith(OWN)),
        books=tuple(track for track in own if track.family.name.startswith(OWN)),
        events=events,
        untold=untold,
        memory=memory,
        stacks=() if means.names is None else tuple(_flames(kernel, record, means.names)),
    )


def last_events(kernel: Kernel, record: PolicyRecord, most: int, asked: Asked) -> tuple[tuple[Mapping[str, Any], ...], str]:
    """Return the last events that wait in a policy's ring, which stay there, or those that whoever reads it still has.

    The second is why there are none, if they cannot be had.
    """
    try:
        with PolicyReader(kernel, record).stream() as stream:
            batch = stream.read(_PEEKED)
            lines = [] if batch is None else JsonLines().lines([(stream.decoder, batch)])
            return tuple(json.loads(line) for line in lines[-most:]) if most else (), ""
    except LockError:
        pass
    try:
        return tuple(asked(record.name, most)), ""
    except PolicydError as error:
        return (), f"another process reads them, and it cannot be asked: {error}"


def _flames(kernel: Kernel, record: PolicyRecord, names: FrameNames) -> Iterable[StackPicture]:
    for one in stack_outputs(kernel, [record]):
        unit = one.unit or ("" if one.summed else "events")
        samples = make_samples(one.series, names)
        if samples:
            svg = flame_graph(samples, Look(f"{record.name}: {one.name}", "", unit))
            yield StackPicture(one.name, svg, one.totals.events, one.totals.lost)
