"""How the kernel attaches: one `AttachKind` a kind and option of attach points.

`codegen` takes the template and the neutral verdict from here, the kernel layer the program and attach types.  Numbers are
`enum bpf_prog_type` and `enum bpf_attach_type` of `include/uapi/linux/bpf.h`, which never change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class AttachKind:
    """How one kind of attach point is loaded, attached, replaced, and what its program returns when nothing matched.

    `expected_attach_type` is what the program is loaded with (links and program arrays insist on it: kernel commits
    5e43f899b03a, 4540aed51b12); `link_attach_type` is what `BPF_LINK_CREATE` is told.  `scratch`: strings longer than 16
    bytes may be packed through the unit's scratch space.
    """

    kind: str
    options: tuple[str, ...]
    template: str
    program_type: int
    program_type_name: str
    expected_attach_type: int
    link_attach_type: int
    attach_type_name: str
    link: str  # LinkInfo.type
    replacement: Literal["slot", "link update"]
    neutral: int
    neutral_name: str
    since: str  # the kernel that first had this link
    scratch: bool
    stands_in: str = ""  # what stands in a link's stead, for people, where the kind has none


_CGROUP_PROGRAMS = {
    "skb": (8, "BPF_PROG_TYPE_CGROUP_SKB"),
    "sock": (9, "BPF_PROG_TYPE_CGROUP_SOCK"),
    "device": (15, "BPF_PROG_TYPE_CGROUP_DEVICE"),
    "sock_addr": (18, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR"),
    "sysctl": (23, "BPF_PROG_TYPE_CGROUP_SYSCTL"),
    "sockopt": (25, "BPF_PROG_TYPE_CGROUP_SOCKOPT"),
}
"""Program types of cgroups' hooks, by the second half of their templates' names."""


def _cgroup(option: str, attach_type: int, name: str, program: str = "sock_addr", since: str = "5.7") -> AttachKind:
    return AttachKind(
        kind="cgroup",
        options=(option,),
        template=f"cgroup_{program}",
        program_type=_CGROUP_PROGRAMS[program][0],
        program_type_name=_CGROUP_PROGRAMS[program][1],
        expected_attach_type=attach_type,
        link_attach_type=attach_type,
        attach_type_name=name,
        link="cgroup",
        replacement="link update",
        neutral=1,
        neutral_name="1 (go on)",
        since=since,
        scratch=False,
    )


def _tcx(option: str, attach_type: int, name: str) -> AttachKind:
    return AttachKind(
        kind="tcx",
        options=(option,),
        template="tc",
        program_type=3,
        program_type_name="BPF_PROG_TYPE_SCHED_CLS",
        expected_attach_type=attach_type,
        link_attach_type=attach_type,
        attach_type_name=name,
        link="tcx",
        replacement="link update",
        neutral=-1,
        neutral_name="TCX_NEXT",
        since="6.6",
        scratch=True,
    )


def _netkit(option: str, attach_type: int, name: str) -> AttachKind:
    return replace(_tcx(option, attach_type, name), kind="netkit", link="netkit", neutral_name="NETKIT_NEXT", since="6.7")


def _clsact(option: str) -> AttachKind:
    """Return a row of filters: `tc` before there were links for it.  They look at no attach type."""
    return AttachKind(
        kind="clsact",
        options=(option,),
        template="tc",
        program_type=3,
        program_type_name="BPF_PROG_TYPE_SCHED_CLS",
        expected_attach_type=0,
        link_attach_type=0,
        attach_type_name="",
        link="clsact",
        replacement="slot",
        neutral=-1,
        neutral_name="TC_ACT_UNSPEC",
        since="4.5",
        scratch=True,
        stands_in="a filter of the qdisc clsact: this kernel has no links for tc (tcx, Linux 6.6)",
    )


_TRACING = (26, "BPF_PROG_TYPE_TRACING")
_LSM = (29, "BPF_PROG_TYPE_LSM")
_BOTH_WAYS = ("", "return")


def _probe(kind: str, options: tuple[str, ...], attach_type: int, name: str, link: str, since: str) -> AttachKind:
    """Return a row of kprobes and uprobes: programs of one type, which get the registers."""
    return AttachKind(
        kind=kind,
        options=options,
        template="probe",
        program_type=2,
        program_type_name="BPF_PROG_TYPE_KPROBE",
        expected_attach_type=0 if link == "perf_event" else attach_type,
        link_attach_type=attach_type,
        attach_type_name=name,
        link=link,
        replacement="slot",
        neutral=0,
        neutral_name="0",
        since=since,
        scratch=True,
    )


def _typed(kind: str, attach_type: int, name: str, since: str, program: tuple[int, str] = _TRACING) -> AttachKind:
    """Return a row of programs that are loaded for one function of the kernel, and get its arguments by type."""
    return AttachKind(
        kind=kind,
        options=("",),
        template=kind,
        program_type=program[0],
        program_type_name=program[1],
        expected_attach_type=attach_type,
        link_attach_type=attach_type,
        attach_type_name=name,
        link="tracing",
        replacement="slot",
        neutral=0,
        neutral_name="0",
        since=since,
        scratch=True,
    )


ATTACH_KINDS: tuple[AttachKind, ...] = (
    AttachKind(
        kind="tracepoint",
        options=("",),
        template="tracepoint",
        program_type=5,
        program_type_name="BPF_PROG_TYPE_TRACEPOINT",
        expected_attach_type=0,
        link_attach_type=41,
        attach_type_name="BPF_PERF_EVENT",
        link="perf_event",
        replacement="slot",
        neutral=0,
        neutral_name="0",
        since="5.15",
        scratch=True,
    ),
    AttachKind(
        kind="raw_tracepoint",
        options=("",),
        template="raw_tracepoint",
        program_type=17,
        program_type_name="BPF_PROG_TYPE_RAW_TRACEPOINT",
        expected_attach_type=0,
        link_attach_type=0,
        attach_type_name="",
        link="raw_tracepoint",
        replacement="slot",
        neutral=0,
        neutral_name="0",
        since="5.7",
        scratch=True,
    ),
    AttachKind(
        kind="xdp",
        options=("auto", "native", "generic"),
        template="xdp",
        program_type=6,
        program_type_name="BPF_PROG_TYPE_XDP",
        expected_attach_type=37,
        link_attach_type=37,
        attach_type_name="BPF_XDP",
        link="xdp",
        replacement="link update",
        neutral=2,
        neutral_name="XDP_PASS",
        since="5.9",
        scratch=True,
    ),
    _tcx("ingress", 46, "BPF_TCX_INGRESS"),
    _tcx("egress", 47, "BPF_TCX_EGRESS"),
    _netkit("primary", 54, "BPF_NETKIT_PRIMARY"),
    _netkit("peer", 55, "BPF_NETKIT_PEER"),
    _clsact("ingress"),
    _clsact("egress"),
    AttachKind(
        kind="netfilter",
        options=("", "defrag"),
        template="netfilter",
        program_type=32,
        program_type_name="BPF_PROG_TYPE_NETFILTER",
        expected_attach_type=45,
        link_attach_type=45,
        attach_type_name="BPF_NETFILTER",
        link="netfilter",
        replacement="slot",
        neutral=1,
        neutral_name="NF_ACCEPT",
        since="6.4",
        scratch=True,
    ),
    _cgroup("connect4", 10, "BPF_CGROUP_INET4_CONNECT"),
    _cgroup("connect6", 11, "BPF_CGROUP_INET6_CONNECT"),
    _cgroup("sendmsg4", 14, "BPF_CGROUP_UDP4_SENDMSG"),
    _cgroup("sendmsg6", 15, "BPF_CGROUP_UDP6_SENDMSG"),
    _cgroup("bind4", 8, "BPF_CGROUP_INET4_BIND"),
    _cgroup("bind6", 9, "BPF_CGROUP_INET6_BIND"),
    _cgroup("skb_ingress", 0, "BPF_CGROUP_INET_INGRESS", "skb"),
    _cgroup("skb_egress", 1, "BPF_CGROUP_INET_EGRESS", "skb"),
    _cgroup("sock_create", 2, "BPF_CGROUP_INET_SOCK_CREATE", "sock"),
    _cgroup("sock_release", 34, "BPF_CGROUP_INET_SOCK_RELEASE", "sock", "5.9"),
    _cgroup("post_bind4", 12, "BPF_CGROUP_INET4_POST_BIND", "sock"),
    _cgroup("post_bind6", 13, "BPF_CGROUP_INET6_POST_BIND", "sock"),
    _cgroup("getpeername4", 29, "BPF_CGROUP_INET4_GETPEERNAME", since="5.8"),
    _cgroup("getpeername6", 30, "BPF_CGROUP_INET6_GETPEERNAME", since="5.8"),
    _cgroup("getsockname4", 31, "BPF_CGROUP_INET4_GETSOCKNAME", since="5.8"),
    _cgroup("getsockname6", 32, "BPF_CGROUP_INET6_GETSOCKNAME", since="5.8"),
    _cgroup("recvmsg4", 19, "BPF_CGROUP_UDP4_RECVMSG"),
    _cgroup("recvmsg6", 20, "BPF_CGROUP_UDP6_RECVMSG"),
    _cgroup("getsockopt", 21, "BPF_CGROUP_GETSOCKOPT", "sockopt"),
    _cgroup("setsockopt", 22, "BPF_CGROUP_SETSOCKOPT", "sockopt"),
    _cgroup("sysctl", 18, "BPF_CGROUP_SYSCTL", "sysctl"),
    _cgroup("device", 6, "BPF_CGROUP_DEVICE", "device"),
    AttachKind(
        kind="sock_ops",
        options=("",),
        template="sock_ops",
        program_type=13,
        program_type_name="BPF_PROG_TYPE_SOCK_OPS",
        expected_attach_type=3,
        link_attach_type=3,
        attach_type_name="BPF_CGROUP_SOCK_OPS",
        link="cgroup",
        replacement="link update",
        neutral=1,
        neutral_name="1 (go on)",
        since="5.7",
        scratch=False,
    ),
    AttachKind(
        kind="sk_lookup",
        options=("",),
        template="sk_lookup",
        program_type=30,
        program_type_name="BPF_PROG_TYPE_SK_LOOKUP",
        expected_attach_type=36,
        link_attach_type=36,
        attach_type_name="BPF_SK_LOOKUP",
        link="netns",
        replacement="link update",
        neutral=1,
        neutral_name="SK_PASS",
        since="5.9",
        scratch=False,
    ),
    _probe("kprobe", _BOTH_WAYS, 41, "BPF_PERF_EVENT", "perf_event", "5.15"),
    _probe("kprobe_multi", _BOTH_WAYS, 42, "BPF_TRACE_KPROBE_MULTI", "kprobe_multi", "5.18"),
    _typed("fentry", 24, "BPF_TRACE_FENTRY", "5.5"),
    _typed("fexit", 25, "BPF_TRACE_FEXIT", "5.5"),
    _typed("fmod_ret", 26, "BPF_MODIFY_RETURN", "5.7"),
    _typed("lsm", 27, "BPF_LSM_MAC", "5.7", _LSM),
    _probe("uprobe", _BOTH_WAYS, 41, "BPF_PERF_EVENT", "perf_event", "5.15"),
    _probe("uprobe_multi", _BOTH_WAYS, 48, "BPF_TRACE_UPROBE_MULTI", "uprobe_multi", "6.6"),
    AttachKind(
        kind="perf_event",
        options=("",),
        template="perf_event",
        program_type=7,
        program_type_name="BPF_PROG_TYPE_PERF_EVENT",
        expected_attach_type=0,
        link_attach_type=41,
        attach_type_name="BPF_PERF_EVENT",
        link="perf_event",
        replacement="slot",
        neutral=0,
        neutral_name="0",
        since="5.15",
        scratch=True,
    ),
    AttachKind(
        kind="iter",
        options=("",),
        template="iter",
        program_type=26,
        program_type_name="BPF_PROG_TYPE_TRACING",
        expected_attach_type=28,
        link_attach_type=28,
        attach_type_name="BPF_TRACE_ITER",
        link="iter",
        replacement="link update",
        neutral=0,
        neutral_name="0",
        since="5.9",
        scratch=True,
    ),
)


def attach_kind(kind: str, option: str = "") -> AttachKind:
    """Return the row of an attach point's kind and option; `KeyError` if there is none."""
    for row in ATTACH_KINDS:
        if row.kind == kind and option in row.options:
            return row
    raise KeyError(f"{kind}:{option}")
