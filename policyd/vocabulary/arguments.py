"""Which arguments mean more than their C type says: `open`'s flags, a socket's family, a signal.

Rows are (argument, kind or set of constants, system calls or tracepoints): the first that fits counts, `*` means all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from policyd.vocabulary.c_types import STRING_SIZE, is_string_pointer, string_type, typed
from policyd.vocabulary.constants import constant_sets
from policyd.vocabulary.types import Shape, ValueType

Signature = tuple[str, str, int, bool]
"""An argument as the kernel declares it: name, C type, size in bytes, signed."""


@dataclass(frozen=True, slots=True)
class ArgumentMeaning:
    """`meaning` is a kind (`pid`) or a set of constants (`open_flags`); `calls` are system calls, or `*` alone."""

    argument: str
    meaning: str
    calls: tuple[str, ...]


def _row(argument: str, meaning: str, calls: str) -> ArgumentMeaning:
    return ArgumentMeaning(argument, meaning, tuple(calls.split()))


def _rows(arguments: str, meaning: str, calls: str) -> tuple[ArgumentMeaning, ...]:
    return tuple(_row(argument, meaning, calls) for argument in arguments.split())


SYSCALL_ARGUMENTS: tuple[ArgumentMeaning, ...] = (
    # strings: paths, and buffers that the call fills in or that hold no text
    *_rows("filename pathname path oldname newname special specialfile", "path", "*"),
    *_rows("dir_name new_root put_old from_pathname to_pathname", "path", "*"),
    _row("name", "path", "umount2 acct name_to_handle_at"),
    _row("buf", "hex", "read pread64 readlink readlinkat getcwd syslog"),
    _row("list", "hex", "*"),
    _row("ubuf", "hex", "*"),
    _row("optval", "hex", "*"),
    _row("shmaddr", "hex", "*"),
    _row("u_msg_ptr", "hex", "mq_timedreceive"),
    # who
    _row("sig", "signal", "kill tkill tgkill pidfd_send_signal rt_sigaction rt_sigqueueinfo rt_tgsigqueueinfo"),
    _row("pid", "pid", "ptrace"),
    # files
    *_rows("dfd olddfd newdfd from_dfd to_dfd", "directory", "*"),
    _row("flags", "open_flags", "open openat open_by_handle_at delete_module"),
    _row("oflag", "open_flags", "mq_open"),
    _row("event_f_flags", "open_flags", "fanotify_init"),
    _row(
        "flags", "descriptor_flags", "dup3 pipe2 epoll_create1 eventfd2 inotify_init1 signalfd4 timerfd_create userfaultfd"
    ),
    _row("flags", "at_flags", "execveat fchmodat2 linkat statx utimensat open_tree mount_setattr"),
    _row("flag", "at_flags", "fchownat newfstatat name_to_handle_at"),
    _row("at_flags", "at_flags", "*"),
    _row("flag", "unlink_flags", "unlinkat"),
    _row("flags", "faccess_flags", "faccessat2"),
    _row("mode", "access_mode", "access faccessat faccessat2"),
    _row("mask", "mode", "umask"),
    _row("flags", "rename_flags", "renameat2"),
    _row("flags", "memfd_flags", "memfd_create"),
    _row("cmd", "fcntl_command", "fcntl"),
    _row("cmd", "flock_operation", "flock"),
    _row("whence", "seek", "lseek"),
    _row("op", "epoll_operation", "epoll_ctl"),
    _row("flags", "fanotify_flags", "fanotify_init"),
    _row("dev", "hex", "mknod mknodat"),
    # sockets
    _row("family", "address_family", "socket socketpair"),
    _row("type", "socket_type", "socket socketpair"),
    _row("protocol", "protocol", "socket socketpair"),
    _row("flags", "socket_type", "accept4"),
    _row("level", "socket_level", "getsockopt setsockopt"),
    _row("flags", "message_flags", "sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg"),
    _row("how", "shutdown_how", "shutdown"),
    # memory
    _row("prot", "memory_protection", "*"),
    _row("flags", "map_flags", "mmap"),
    _row("flags", "remap_flags", "mremap"),
    _row("flags", "memory_sync", "msync"),
    _row("flags", "lock_flags", "mlockall"),
    _row("behavior", "memory_advice", "madvise process_madvise"),
    *_rows("addr start brk new_addr", "hex", "mmap munmap mremap mprotect brk madvise"),
    # processes
    _row("clone_flags", "clone_flags", "clone"),
    _row("unshare_flags", "unshare_flags", "unshare"),
    _row("flags", "namespace_flags", "setns"),
    _row("request", "ptrace_request", "ptrace"),
    _row("addr", "hex", "ptrace"),
    _row("data", "hex", "ptrace"),
    _row("option", "prctl_option", "prctl"),
    _row("options", "wait_options", "wait4 waitid"),
    _row("resource", "resource", "*"),
    _row("policy", "scheduler_policy", "*"),
    _row("how", "sigprocmask_how", "rt_sigprocmask"),
    _row("op", "seccomp_operation", "seccomp"),
    _row("clockid", "clock", "*"),
    _row("flags", "timer_flags", "clock_nanosleep timer_settime timerfd_settime"),
    # the system
    _row("flags", "mount_flags", "mount"),
    _row("flags", "umount_flags", "umount2"),
    _row("attr_flags", "mount_attributes", "fsmount"),
    _row("cmd", "bpf_command", "bpf"),
    _row("flags", "perf_flags", "perf_event_open"),
    _row("flags", "module_flags", "finit_module"),
    _row("option", "keyctl_operation", "keyctl"),
    _row("cmd", "reboot_command", "reboot"),
    _row("flags", "random_flags", "getrandom"),
    _row("swap_flags", "swap_flags", "swapon"),
)

TRACEPOINT_FIELDS: tuple[ArgumentMeaning, ...] = (
    _row("sig", "signal", "signal/signal_generate signal/signal_deliver"),
    _row("errno", "errno", "signal/signal_generate signal/signal_deliver"),
    *_rows("sport dport", "port", "*"),
    _row("ifindex", "interface", "*"),
    _row("pid", "pid", "oom/mark_victim"),
    _row("id", "syscall", "raw_syscalls/sys_enter raw_syscalls/sys_exit"),
    _row("protocol", "ethertype", "skb/kfree_skb net/net_dev_start_xmit net/netif_rx_entry net/netif_receive_skb_entry"),
    _row("len", "size", "net/net_dev_queue net/net_dev_xmit net/netif_rx net/netif_receive_skb"),
    _row("bytes", "size", "block/block_rq_insert block/block_rq_issue block/block_rq_merge"),
    _row("runtime", "duration", "sched/sched_stat_runtime"),
    _row("delay", "duration", "sched/sched_stat_wait sched/sched_stat_sleep"),
    _row("delay", "duration", "sched/sched_stat_iowait sched/sched_stat_blocked"),
)
"""The same for fields of tracepoints, by `system/event`."""


FUNCTION_ARGUMENTS: tuple[ArgumentMeaning, ...] = (
    # permissions, credentials and signals
    _row("mask", "may", "file_permission inode_permission generic_permission path_permission"),
    _row(
        "cap", "capability", "capable cap_capable ns_capable ns_capable_noaudit has_capability has_ns_capability sk_capable"
    ),
    _row("mode", "ptrace_mode", "ptrace_access_check ptrace_may_access"),
    _row("sig", "signal", "*"),
    # files
    *_rows("dfd olddfd newdfd", "directory", "*"),
    _row("flags", "open_flags", "do_sys_open"),
    _row("flags", "rename_flags", "path_rename inode_rename do_renameat2"),
    _row("flags", "mount_flags", "sb_mount do_mount path_mount"),
    _row("flags", "umount_flags", "sb_umount"),
    _row("cmd", "fcntl_command", "file_fcntl"),
    # memory
    *_rows(
        "prot reqprot", "memory_protection", "mmap_file file_mprotect do_mmap vm_mmap_pgoff ksys_mmap_pgoff do_mprotect_pkey"
    ),
    *_rows("flags flag", "map_flags", "mmap_file do_mmap vm_mmap_pgoff ksys_mmap_pgoff"),
    # sockets
    _row("family", "address_family", "socket_create sock_create sock_create_kern __sock_create __sys_socket"),
    _row("type", "socket_type", "socket_create sock_create sock_create_kern __sock_create __sys_socket"),
    _row(
        "protocol",
        "protocol",
        "socket_create sock_create sock_create_kern __sock_create __sys_socket inet_create inet6_create",
    ),
    _row("level", "socket_level", "socket_setsockopt socket_getsockopt"),
    _row("how", "shutdown_how", "socket_shutdown"),
    _row("state", "tcp_state", "tcp_set_state"),
    *_rows("oldstate newstate", "tcp_state", "inet_sock_set_state"),
    _row("ifindex", "interface", "*"),
    # processes and the system
    _row("clone_flags", "clone_flags", "*"),
    _row("resource", "resource", "task_setrlimit do_prlimit"),
    _row("option", "prctl_option", "task_prctl"),
    _row("cmd", "bpf_command", "bpf"),
    _row("vec_nr", "softirq", "*"),
    _row("nr", "softirq", "raise_softirq raise_softirq_irqoff __raise_softirq_irqoff"),
    _row("id", "syscall", "sys_enter"),
    _row("ret", "result", "sys_exit"),
    *_rows("location call_site", "symbol", "*"),
    _row("function", "symbol", "workqueue_execute_end"),
)
"""The same for arguments of functions, LSM hooks (without `security_` and `bpf_lsm_`) and raw tracepoints."""

_PLAIN = frozenset(f"{sign}{bits}" for sign in "us" for bits in (8, 16, 32, 64)) | {"hex"}
_HOOK_PREFIXES = ("security_", "bpf_lsm_")


def argument_type(syscall: str, signature: Signature, arch: str) -> ValueType:
    """Return the type of a system call's argument; strings are what the pointer points to."""
    name, c_type, size, signed = signature
    meaning = _meaning(SYSCALL_ARGUMENTS, syscall, name.lstrip("_"))
    if is_string_pointer(c_type) and meaning in {"", "path"}:
        return string_type(STRING_SIZE, meaning or "string")
    plain = typed(c_type, size, signed, arch)
    assert plain is not None, (syscall, signature)
    return _as(meaning, plain, arch)


def tracepoint_field_type(tracepoint: str, name: str, plain: ValueType, arch: str) -> ValueType:
    """Return the type of a tracepoint's field, given what its C type says."""
    return _as(_meaning(TRACEPOINT_FIELDS, tracepoint, name), plain, arch)


def function_argument_type(function: str, name: str, plain: ValueType, arch: str) -> ValueType:
    """Return the type of a function's argument, given what its C type says; what says more than a number stays."""
    if plain.kind not in _PLAIN:
        return plain
    hook = next((function.removeprefix(prefix) for prefix in _HOOK_PREFIXES if function.startswith(prefix)), function)
    return _as(_meaning(FUNCTION_ARGUMENTS, hook, name), plain, arch)


def _meaning(rows: tuple[ArgumentMeaning, ...], place: str, name: str) -> str:
    return next((row.meaning for row in rows if row.argument == name and ("*" in row.calls or place in row.calls)), "")


def _as(meaning: str, plain: ValueType, arch: str) -> ValueType:
    """Return a number's type with another meaning; what does not fit (a string, a 4-byte port) stays what it is."""
    if not meaning or plain.shape is not Shape.NUMBER or (meaning == "port" and plain.size != 2):
        return plain
    constants = constant_sets(arch).get(meaning)
    if constants is not None:
        return replace(plain, kind=constants.kind, symbols=constants.symbols)
    return replace(plain, kind=meaning)
