"""The places that a rule can hook, one `HookKind` a spelling of the language, and whose process runs at each event.

`resolve` asks what a hook offers (contexts, verdicts), `explain` takes the prose; `attach.py` has the kernel's side of it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from policyd.vocabulary.function_hooks import FUNCTION_HOOKS, KEPT, KEPT_COST
from policyd.vocabulary.hook_kind import Context, HookKind, Key
from policyd.vocabulary.packet_hooks import PACKET_HOOKS
from policyd.vocabulary.perf_events import PERF_EVENTS
from policyd.vocabulary.snapshot_hooks import SNAPSHOT_HOOKS
from policyd.vocabulary.socket_hooks import CGROUP_HOOK_ROWS, SK_LOOKUP, SOCK_OPS
from policyd.vocabulary.user_hooks import USER_HOOKS

# ------------------------------------------------------------------------------------------------ how policies spell them

_PROCESS: frozenset[Context] = frozenset({"any", "process", "kernel_stack", "user_stack"})

_NAMES = Key("names", "names or globs (`open*`); a plain name or list may stand instead of the long form")

_TRACE_COST = "About 40 ns an event for the tracepoint, and what the rules read."
_NESTED = (
    "The kernel drops runs of tracepoint programs that nest on one CPU (an interrupt's during a system call's): they are "
    "counted as missed. Raw tracepoints lose none."
)
_USER_MEMORY = (
    "Arguments that point to user memory are read as the call begins: another thread can change them before the kernel "
    "reads them again, and a page that is not in memory cannot be read (the field is then unread)."
)

HOOK_KINDS: tuple[HookKind, ...] = (
    HookKind(
        kind="syscall",
        name="",
        attach_kind="tracepoint",
        keys=(
            _NAMES,
            Key("phase", "enter (the default); exit: as it ends, with `ret` too; call: exit with `duration`"),
            Key(
                "abi",
                "Native, Compat (32-bit callers), or both: [Native, Compat]; without it Native, and Compat where functions "
                "of the kernel can be watched (fentry or kprobe), so that other calls pay nothing",
            ),
        ),
        contexts=_PROCESS | {"abi", "call"},
        verdicts=("deny", "return"),
        signals=True,
        summary="A system call, by name, as it begins or as it ends.",
        context=f"Runs in the calling process. At the end {KEPT} A verdict is taken at the function that the call enters "
        "the kernel by, before it does anything (fmod_ret: on x86-64, in kernels with CONFIG_FUNCTION_ERROR_INJECTION; "
        "Debian's are without).",
        ways_round=(
            "32-bit callers are seen where functions of the kernel can be watched (the plan lists theirs: fentry:__ia32_…); "
            "elsewhere not without `abi: [Native, Compat]`, which makes every system call of the host pay.",
            "io_uring does the same work without the system call (openat, connect, sendmsg…).",
            _USER_MEMORY,
            "A verdict about an argument in user memory can be stepped round in the same way: where that matters, decide at "
            "the `lsm` or `cgroup` hook that sees what the kernel has copied.",
        ),
        cost="About 40 ns for each call of the named system calls; with more than 32 names, globs such as `*`, or Compat: "
        f"for every system call of the host. {KEPT_COST}",
    ),
    HookKind(
        kind="tracepoint",
        name="",
        attach_kind="tracepoint",
        keys=(Key("names", "`subsystem/event` (or `subsystem:event`), or globs; fields are typed by the event's format"),),
        contexts=_PROCESS,
        verdicts=(),
        signals=True,
        summary="A kernel tracepoint, with the fields of its record.",
        context="Runs wherever the kernel put the event. In interrupts the current process is whoever was interrupted: "
        "there `process` and `signal` are refused.",
        ways_round=(_NESTED, "An event is a record of what happened: nothing can be refused from here."),
        cost=_TRACE_COST,
    ),
    HookKind(
        kind="raw_tracepoint",
        name="",
        attach_kind="raw_tracepoint",
        keys=(Key("names", "events, or globs; arguments are typed by BTF, and members are followed: `args.task.mm`"),),
        contexts=_PROCESS,
        verdicts=(),
        signals=True,
        summary="A kernel tracepoint, with the kernel objects that it was given.",
        context="As tracepoint: in interrupts the current process is whoever was interrupted.",
        ways_round=("An event is a record of what happened: nothing can be refused from here.",),
        cost="Less than a tracepoint: no record is made of the event, and only what the rules name is read.",
    ),
    *FUNCTION_HOOKS,
    *PACKET_HOOKS,
    *CGROUP_HOOK_ROWS,
    SOCK_OPS,
    SK_LOOKUP,
    *USER_HOOKS,
    HookKind(
        kind="perf",
        name="",
        attach_kind="perf_event",
        keys=(
            Key("event", f"what is counted: {', '.join(row.name for row in PERF_EVENTS)}; may stand alone"),
            Key(
                "frequency",
                "samples a second on each CPU, about; default: 99 for clocks and hardware events. The kernel takes no more "
                "than kernel.perf_event_max_sample_rate, which it lowers by itself when samples take long",
            ),
            Key(
                "period",
                "in place of `frequency`: a sample every so many events (of clocks: nanoseconds, at least 10000); "
                "default: 1 for faults, switches and migrations, so that each is seen",
            ),
            Key("cpus", "on which CPUs: all (default), or numbers and ranges: [0-3, 8]"),
        ),
        contexts=_PROCESS | {"perf"},
        verdicts=(),
        signals=False,
        summary="A sample of what a CPU is at: at a frequency by the clock, or each time that so many events were counted.",
        context="Runs on the sampled CPU, in an interrupt; for hardware events in one that nothing holds back (NMI). "
        "The current process is the one that is sampled; an idle CPU's is process 0, `swapper`. Where the hardware cannot "
        "count an event, cpu-clock is sampled at the frequency in its place: `validate`, `plan` and `describe` say so, and "
        "`hook.name` is then cpu-clock. Each CPU has a link; CPUs that come later get theirs with the next apply, or from "
        "the agent within seconds.",
        ways_round=(
            "What runs between two samples is not seen; a sample says what is frequent, not what happened.",
            "The kernel drops samples that fall into a program at a tracepoint, a kprobe or another perf event on that CPU, "
            "and does not count them.",
            "In an NMI, a ring or a metric that is being written to on the same CPU refuses: the account counts it "
            "(ring_full, map_full).",
        ),
        cost="The interrupt and what the rules read, times the frequency, on each CPU. A fault or a switch that no rule "
        "matches still runs the program.",
        by_means=True,
    ),
    *SNAPSHOT_HOOKS,
)

CGROUP_HOOKS: tuple[str, ...] = tuple(row.name for row in HOOK_KINDS if row.kind == "cgroup")

LATER_HOOKS: tuple[str, ...] = ()
"""Hook kinds that the language reserves: refused with "not supported yet"."""


def hook_kind(kind: str, name: str = "") -> HookKind:
    """Return the row of a hook (`name` for cgroup hooks only); `KeyError` if there is none."""
    for row in HOOK_KINDS:
        if row.kind == kind and (kind != "cgroup" or row.name == name):
            return row
    raise KeyError(f"{kind}:{name}")


# ------------------------------------------------------------------------------------------------ whose process is it?

INTERRUPT_EVENTS: tuple[str, ...] = (
    "irq/irq_handler_*",
    "irq/softirq_*",
    "irq/tasklet_*",
    "irq_vectors/local_timer_*",
    "irq_vectors/call_function_*",
    "irq_vectors/reschedule_*",
    "irq_vectors/irq_work_*",
    "irq_vectors/spurious_apic_*",
    "irq_vectors/error_apic_*",
    "irq_vectors/thermal_apic_*",
    "irq_vectors/x86_platform_ipi_*",
    "napi/napi_poll",
    "timer/hrtimer_expire_*",
    "timer/timer_expire_*",
    "timer/tick_stop",
    "tcp/tcp_retransmit_skb",
    "tcp/tcp_retransmit_synack",
    "tcp/tcp_receive_reset",
    "tcp/tcp_bad_csum",
    "net/netif_receive_skb*",
    "net/netif_rx*",
    "net/napi_gro_*",
    "block/block_rq_complete",
    "block/block_bio_complete",
    "xdp/xdp_*",
)
"""Events that fire in interrupts (or their threads): the current process there has nothing to do with them."""

MIXED_EVENTS: tuple[str, ...] = (
    "sock/inet_sock_set_state",
    "skb/kfree_skb",
    "skb/consume_skb",
    "tcp/tcp_*",
    "net/net_dev_*",
    "block/block_rq_*",
    "sched/sched_wakeup*",
    "sched/sched_waking",
    "workqueue/workqueue_*",
    "writeback/writeback_*",
)
"""Events that fire in the acting process or in an interrupt, as it happens: `process` there gets a warning."""


def whose_process(event: str) -> Literal["actor", "mixed", "interrupted"]:
    """Tell whose process `process` would be at the tracepoint `subsystem/event`, or the raw tracepoint `event`."""
    raw = "/" not in event
    for patterns, answer in _WHOSE:
        if any(fnmatchcase(event, pattern.partition("/")[2] if raw else pattern) for pattern in patterns):
            return answer
    return "actor"


_WHOSE: tuple[tuple[tuple[str, ...], Literal["mixed", "interrupted"]], ...] = (
    (INTERRUPT_EVENTS, "interrupted"),
    (MIXED_EVENTS, "mixed"),
)


# ------------------------------------------------------------------------------------------------ actions

INSTEAD: dict[str, str] = {
    "deny": "most of what processes do can be denied at `lsm` hooks; connections, UDP sends, binds, sockets, their options, "
    "settings and devices at the cgroup hooks (connect4, bind4, sock_create, setsockopt, sysctl, device…); packets can be "
    "dropped at xdp, tc, netkit, netfilter and cgroup skb hooks; a process can be ended with `signal: SIGKILL`",
    "return": "functions named security_*, and those on the kernel's error injection list, take a result at `function` and "
    "`fentry` hooks; `lsm` hooks take `deny`",
    "drop": "packets can be dropped at xdp, tc, netkit, netfilter, sk_lookup, cgroup skb_ingress and skb_egress; "
    "calls can be denied at cgroup connect4, connect6, sendmsg4, sendmsg6, bind4 and bind6",
    "pass": "packets can be passed at xdp, tc, netkit, netfilter, sk_lookup, cgroup skb_ingress and skb_egress; "
    "elsewhere going on is what happens without a verdict",
    "mark": "packets can be marked at tc and netkit",
    "redirect": "packets can be sent elsewhere at xdp, tc and netkit",
    "signal": "signals can be sent at syscall hooks and at tracepoints that run in the acting process",
}
"""Where an action can be taken, for the message that refuses it somewhere else."""
