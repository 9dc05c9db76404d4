"""The rows of hooks at functions of the kernel, and whose process runs in which function.

`hooks.py` has the other rows and joins these to them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from policyd.vocabulary.hook_kind import Context, HookKind, Key

_CONTEXTS: frozenset[Context] = frozenset({"any", "process", "kernel_stack", "user_stack"})
_NAMES = Key("names", "functions of the kernel, or globs (`vfs_*`); a plain name or list may stand instead of the long form")
_CALLS: frozenset[Context] = _CONTEXTS | {"call"}
_PHASE = Key(
    "phase",
    "enter (default): as the function begins, with `args`; exit: as it returns, with `ret` too; call: exit with `duration`",
)
_LIMIT = Key("limit", "how many functions the names may stand for; default: 512")

_CONTEXT = (
    "Runs in whatever calls the function. Where that is known to be an interrupt, `process` and `signal` are refused, and "
    "where it can be one, there is a warning."
)
KEPT = (
    "`args` are what they were as the call began, and so is what they point to: where a rule uses them, a program at the "
    "begin keeps them (the plan shows it). `late(args.NAME)` is what is there now."
)
KEPT_COST = "What is kept from the begin of a call for its end costs a second program and two map operations."
_INLINED = "The compiler may have put the function's code into its callers: calls that were inlined so are not seen."
_INTERNAL = "Functions are no promise of the kernel's: another version may have renamed one. `firstOf` names both."
_MODULES = (
    "Functions of modules have no types here: they are seen by name (kprobes), with `args[0]`, `args[1]`… as bare numbers."
)
_OTHER_WAY = "There may be other ways to the same end than through one function; LSM hooks are made to be passed by none."
_NESTED = (
    "The kernel drops runs of kprobes that nest on one CPU (an interrupt's during another's): they are counted as missed. "
    "fentry and fexit lose none but those of themselves."
)
_TYPED_COST = "A direct call of the program, and what the rules read; nothing where no rule looks."
_PROBE_COST = "Dearer than fentry, a return more than a begin; and what the rules read. Many functions can share a link."

FUNCTION_HOOKS: tuple[HookKind, ...] = (
    HookKind(
        kind="function",
        name="",
        attach_kind="fentry",
        keys=(_NAMES, _PHASE, _LIMIT),
        contexts=_CALLS,
        verdicts=("deny", "return"),
        signals=True,
        summary="A function of the kernel as it begins or as it returns, by whatever the kernel has for that.",
        context=f"{_CONTEXT} One function: fentry or fexit where there are types of it, else a kprobe. Several: "
        "kprobe_multi, one link for all, or else a place each. `plan` and `describe` tell which was taken, and why. A "
        "verdict is taken by fmod_ret: at functions named security_*, and those on the kernel's error injection list.",
        ways_round=(_INLINED, _INTERNAL, _OTHER_WAY, _MODULES),
        cost="fentry and fexit are cheapest, kprobes dearer, their returns dearest; and what the rules read. " + KEPT_COST,
        by_means=True,
    ),
    HookKind(
        kind="kprobe",
        name="",
        attach_kind="kprobe",
        keys=(Key("names", f"{_NAMES.explain}; `NAME+0x10` is an instruction inside a function, with no `args`"), _LIMIT),
        contexts=_CONTEXTS,
        verdicts=(),
        signals=True,
        summary="A function of the kernel as it begins, by a breakpoint; `function` takes whatever is best.",
        context=f"{_CONTEXT} Arguments are in registers: the first six (x86-64) or eight (arm64) can be read.",
        ways_round=(_INLINED, _INTERNAL, _NESTED, _MODULES),
        cost=_PROBE_COST,
        by_means=True,
    ),
    HookKind(
        kind="kretprobe",
        name="",
        attach_kind="kprobe",
        keys=(_NAMES, _LIMIT),
        contexts=_CONTEXTS,
        verdicts=(),
        signals=True,
        summary="A function of the kernel as it returns, with `ret`, and the arguments that it was called with.",
        context=f"{_CONTEXT} {KEPT}",
        ways_round=(
            _INLINED,
            _INTERNAL,
            "Returns are followed for a limited number of calls at a time: beyond it they are missed, and counted so.",
            _NESTED,
            _MODULES,
        ),
        cost=_PROBE_COST,
        by_means=True,
    ),
    HookKind(
        kind="fentry",
        name="",
        attach_kind="fentry",
        keys=(_NAMES, _LIMIT),
        contexts=_CONTEXTS,
        verdicts=("deny", "return"),
        signals=True,
        summary="A function of the kernel as it begins, with its arguments by name and type.",
        context=f"{_CONTEXT} A verdict makes it fmod_ret: only at functions named security_*, and those on the kernel's "
        "error injection list.",
        ways_round=(_INLINED, _INTERNAL, _OTHER_WAY),
        cost=_TYPED_COST,
        by_means=True,
    ),
    HookKind(
        kind="fexit",
        name="",
        attach_kind="fexit",
        keys=(_NAMES, _LIMIT),
        contexts=_CONTEXTS,
        verdicts=(),
        signals=True,
        summary="A function of the kernel as it returns, with `ret` and its arguments by name and type.",
        context=f"{_CONTEXT} {KEPT} Plain numbers need no such program here.",
        ways_round=(_INLINED, _INTERNAL),
        cost=_TYPED_COST,
        by_means=True,
    ),
    HookKind(
        kind="lsm",
        name="",
        attach_kind="lsm",
        keys=(Key("names", "LSM hooks (`file_open`), a list, or globs"), _LIMIT),
        contexts=_CONTEXTS,
        verdicts=("deny",),
        signals=True,
        summary="A security hook: the kernel asks before it does what a process wants, of the object that it has found.",
        context="Runs in the process that asks, after the kernel has copied and looked up what the call names: there is no "
        "race with user memory. Other LSMs decide too; the first refusal ends it. Where BPF programs are not among the LSMs "
        "(lsm= at boot), the function security_NAME is seen in place of the hook, and a warning says so; verdicts are then "
        "taken there by fmod_ret.",
        ways_round=(
            "socket_connect: data that TCP Fast Open sends with the connection goes out through sendmsg.",
            "What was open before the policy came is not asked for again: file_permission sees each read and write.",
            "The kernel's own threads, and some file systems' internal calls, ask no hook.",
        ),
        cost="A direct call of the program each time the kernel asks, and what the rules read.",
        by_means=True,
    ),
)

INTERRUPT_FUNCTIONS: tuple[str, ...] = (
    *("*_interrupt", "*_irq_handler*", "handle_irq*", "__handle_irq*", "handle_softirqs", "__do_softirq", "tasklet_action*"),
    *("net_rx_action", "net_tx_action", "napi_poll", "napi_complete*", "__napi_poll", "hrtimer_interrupt"),
    *("run_timer_softirq", "run_rebalance_domains", "update_process_times", "scheduler_tick", "sched_tick", "tick_*"),
    *("try_to_wake_up_local", "blk_mq_complete_request", "blk_update_request", "bio_endio", "rcu_core*"),
)
"""Functions that run in interrupts: the current process there has nothing to do with them."""

MIXED_FUNCTIONS: tuple[str, ...] = (
    *("*_rcv", "*_rcv_*", "ip_local_deliver*", "ip6_input*", "__netif_receive_skb*", "netif_receive_skb*", "netif_rx*"),
    *("napi_gro_*", "dev_gro_*", "nf_hook_slow*", "ipt_do_table", "ip6t_do_table", "nft_do_chain*"),
    *("tcp_*", "__tcp_*", "udp_queue_rcv_*", "inet_csk_*", "sk_filter_trim_cap", "sock_def_*", "skb_*", "__skb_*"),
    *("kfree_skb*", "consume_skb", "__kfree_skb", "dev_queue_xmit*", "__dev_queue_xmit", "dev_hard_start_xmit"),
    *("__ip_queue_xmit", "ip_queue_xmit", "ip_output", "ip_finish_output*", "ip6_output", "ip6_finish_output*"),
    *("try_to_wake_up", "ttwu_*", "wake_up_*", "__wake_up*", "blk_mq_*", "blk_account_io_*", "__blk_account_io_*"),
    *("__kmalloc*", "kmem_cache_alloc*", "kmem_cache_free*", "kfree", "kmalloc*", "__alloc_pages*", "queue_work_on"),
    *("__queue_work", "call_rcu*", "mod_timer*", "del_timer*", "timer_delete*"),
)
"""Functions that run in the acting process or in an interrupt, as it happens: `process` there gets a warning."""

_ACTORS: tuple[str, ...] = (
    *("tcp_*connect", "tcp_sendmsg*", "tcp_recvmsg*", "tcp_*listen*", "tcp_bind*", "tcp_close", "tcp_*sockopt*"),
    *("tcp_v?_init_sock", "tcp_ioctl", "tcp_disconnect", "tcp_shutdown", "tcp_poll", "tcp_mmap", "inet_csk_accept"),
    *("inet_csk_get_port", "inet_csk_listen_start"),
)
"""Functions among the above that only the calls of a process come to."""

_WHOSE: tuple[tuple[tuple[str, ...], Literal["actor", "mixed", "interrupted"]], ...] = (
    (_ACTORS, "actor"),
    (INTERRUPT_FUNCTIONS, "interrupted"),
    (MIXED_FUNCTIONS, "mixed"),
)


def whose_function(function: str) -> Literal["actor", "mixed", "interrupted"]:
    """Tell whose process `process` would be in a function of the kernel."""
    for patterns, answer in _WHOSE:
        if any(fnmatchcase(function, pattern) for pattern in patterns):
            return answer
    return "actor"
