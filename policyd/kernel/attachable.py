"""Which hooks the running kernel takes, found by trying.

`features.py` has these rows among its own; the command line's target asks `AttachFeatures`, without the builders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from policyd.capabilities import BPF, PERFMON, in_user_namespace, missing
from policyd.errors import PolicydError
from policyd.kernel import probes
from policyd.kernel.link_kind import event_source
from policyd.kernel.probes import Absent
from policyd.privileges import FILES, FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that was tried.

    `group` is `kernel`, `attach` (what policies can hook), `settings` (`ok` then only says that it could be read) or
    `tools`; `detail` is the reason where `ok` is False.  `needed`: policyd does not work without it.  `since` is the kernel
    that had it first.
    """

    name: str
    group: str
    ok: bool
    detail: str = ""
    since: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """How a feature is tried."""

    name: str
    group: str
    run: Callable[[], str]
    since: str = ""
    needed: bool = False


ATTACHING: tuple[Probe, ...] = (
    Probe("tracepoint", "attach", probes.tracepoint, "5.15"),
    Probe("raw_tracepoint", "attach", probes.raw_tracepoint, "5.7"),
    Probe("xdp", "attach", probes.xdp, "5.9"),
    Probe("tc ingress (tcx)", "attach", probes.tcx_ingress, "6.6"),
    Probe("tc egress (tcx)", "attach", probes.tcx_egress, "6.6"),
    Probe("tc (clsact)", "attach", probes.clsact, "4.5, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF"),
    Probe("netkit", "attach", probes.netkit, "6.7, CONFIG_NETKIT"),
    Probe("netfilter", "attach", probes.netfilter, "6.4, CONFIG_NETFILTER_BPF_LINK"),
    Probe("cgroup", "attach", probes.cgroup, "5.7"),
    Probe("sock_ops", "attach", probes.sock_ops, "5.7"),
    Probe("sk_lookup", "attach", probes.sk_lookup, "5.9"),
    Probe("kprobe", "attach", probes.kprobe, "5.15, CONFIG_KPROBE_EVENTS"),
    Probe("kprobe_multi", "attach", probes.kprobe_multi, "5.18, CONFIG_FPROBE"),
    Probe("fentry", "attach", probes.fentry, "5.5"),
    Probe("fexit", "attach", probes.fexit, "5.5"),
    Probe("fmod_ret", "attach", probes.fmod_ret, "5.7"),
    Probe("lsm", "attach", probes.lsm, "5.7, `bpf` among lsm="),
    Probe("uprobe", "attach", probes.uprobe, "5.15, CONFIG_UPROBE_EVENTS"),
    Probe("uprobe_multi", "attach", probes.uprobe_multi, "6.6"),
    Probe("perf_event", "attach", probes.perf_event, "5.15"),
    Probe("iter", "attach", probes.snapshot, "5.9"),
)


def probe(rows: Iterable[Probe]) -> Iterator[Feature]:
    """Try one row after the other; a failure is an answer, never an error."""
    for row in rows:
        try:
            ok, detail = True, row.run()
        except (Absent, PolicydError) as error:
            ok, detail = False, str(error)
        yield Feature(row.name, row.group, ok, detail, row.since, row.needed)


class AttachFeatures(Mapping[str, bool]):
    """Which probes the running kernel takes, by the names of `ATTACHING`: tried when it is asked for, once a process.

    It is empty for a process that may not try: the kernel's refusal would say nothing about the kernel.
    """

    def __getitem__(self, name: str) -> bool:
        if name not in self._names:
            raise KeyError(name)
        return _is_there(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return () if missing((BPF, PERFMON)) or in_user_namespace() else tuple(_ASKED)


_ASKED = {row.name: row for row in ATTACHING if row.name in {*FUNCTIONS, *FILES, "perf_event"}}


@cache
def _is_there(name: str) -> bool:
    if name in {"kprobe", "uprobe"}:  # detaching from a function waits for all tasks, some 80 ms; and this kernel shows them
        return event_source(name) is not None
    (found,) = probe((_ASKED[name],))
    return found.ok
