"""Links at the hooks of netfilter, in the network namespace of this thread.  A row for `links.py`.

No two can have one priority at a hook, and their program cannot be updated: the link holds a stub (`docs/decisions.md`).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from policyd.kernel.bpf import attach as bpf_links
from policyd.kernel.link_kind import LinkKind, what
from policyd.places import netfilter_place
from policyd.vocabulary.packet_hooks import NETFILTER_HOOKS

if TYPE_CHECKING:
    from policyd.unit import AttachPoint
    from policyd.vocabulary.attach import AttachKind

_PROTOCOLS = {"ip": 2, "ip6": 10}  # NFPROTO_IPV4, NFPROTO_IPV6
_DEFRAG = 1  # BPF_F_NETFILTER_IP_DEFRAG (6.6)


def _numbers(point: AttachPoint) -> tuple[int, int, int, int]:
    place = netfilter_place(point)
    return _PROTOCOLS[place.family], NETFILTER_HOOKS.index(place.hook), place.priority, _DEFRAG if place.defrag else 0


def _attach(point: AttachPoint, kind: AttachKind, program_fd: int) -> int:
    return bpf_links.create_netfilter_link(program_fd, kind.link_attach_type, _numbers(point), what(point))


def _locate(point: AttachPoint, _kind: AttachKind) -> str | None:
    """Every network namespace has all of them."""
    return ":".join(map(str, _numbers(point)))


def _taken(point: AttachPoint) -> str:
    place = netfilter_place(point)
    return f"a BPF program that is not ours has priority {place.priority} at {place.family} {place.hook}: choose another"


LINK_KINDS: dict[str, LinkKind] = {
    "netfilter": LinkKind(
        _attach,
        _locate,
        {
            errno.EBUSY: _taken,
            errno.EINVAL: "netfilter links need Linux 6.4 (CONFIG_NETFILTER_BPF_LINK); `defrag` needs 6.6",
            errno.EAFNOSUPPORT: "this kernel has no netfilter for that family",
            errno.EOPNOTSUPP: "this kernel cannot put fragments together (CONFIG_NF_DEFRAG_IPV4, CONFIG_NF_DEFRAG_IPV6)",
        },
    ),
}
