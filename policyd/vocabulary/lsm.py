"""LSM hooks: which of them decide of what functions do, and those whose result is no errno.

`resolve` names them where a verdict is asked of a function that nobody can decide about.  Sources: the calls of `security_…`
in the kernel's fs/, net/, kernel/ and mm/; `bool_lsm_hooks` of kernel/bpf/bpf_lsm.c.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_DECIDING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("*open_tree*", ("sb_mount",)),
    ("*mount*", ("sb_mount", "sb_umount", "move_mount")),
    ("*open*", ("file_open", "inode_create")),
    ("*creat*", ("inode_create",)),
    ("*read*", ("file_permission",)),
    ("*write*", ("file_permission",)),
    ("*splice*", ("file_permission",)),
    ("*sendfile*", ("file_permission",)),
    ("*getdents*", ("file_permission",)),
    ("*truncate*", ("file_truncate", "path_truncate")),
    ("*unlink*", ("inode_unlink",)),
    ("*rename*", ("inode_rename",)),
    ("*symlink*", ("inode_symlink",)),
    ("*link*", ("inode_link",)),
    ("*mkdir*", ("inode_mkdir",)),
    ("*rmdir*", ("inode_rmdir",)),
    ("*mknod*", ("inode_mknod",)),
    ("*chmod*", ("path_chmod", "inode_setattr")),
    ("*chown*", ("path_chown", "inode_setattr")),
    ("*chroot*", ("path_chroot",)),
    ("*setattr*", ("inode_setattr",)),
    ("*xattr*", ("inode_setxattr", "inode_removexattr")),
    ("*ioctl*", ("file_ioctl",)),
    ("*fcntl*", ("file_fcntl",)),
    ("*flock*", ("file_lock",)),
    ("*mprotect*", ("file_mprotect",)),
    ("*mmap*", ("mmap_file",)),
    ("*exec*", ("bprm_check_security",)),
    ("*ptrace*", ("ptrace_access_check", "ptrace_traceme")),
    ("*process_vm*", ("ptrace_access_check",)),
    ("*kill*", ("task_kill",)),
    ("*send_sig*", ("task_kill",)),
    ("*clone*", ("task_alloc",)),
    ("*fork*", ("task_alloc",)),
    ("*unshare*", ("userns_create",)),
    ("*set*uid*", ("task_fix_setuid",)),
    ("*set*gid*", ("task_fix_setgid",)),
    ("*commit_creds*", ("task_fix_setuid", "task_fix_setgid")),
    ("*capset*", ("capset",)),
    ("*prctl*", ("task_prctl",)),
    ("*nice*", ("task_setnice",)),
    ("*rlimit*", ("task_setrlimit",)),
    ("*sched_set*", ("task_setscheduler",)),
    ("*module*", ("kernel_read_file", "kernel_load_data")),
    ("*kexec*", ("kernel_read_file", "kernel_load_data")),
    ("*bpf*", ("bpf", "bpf_map", "bpf_prog")),
    ("*perf_event*", ("perf_event_open",)),
    ("*connect*", ("socket_connect",)),
    ("*bind*", ("socket_bind",)),
    ("*listen*", ("socket_listen",)),
    ("*accept*", ("socket_accept",)),
    ("*send*", ("socket_sendmsg",)),
    ("*recv*", ("socket_recvmsg",)),
    ("*setsockopt*", ("socket_setsockopt",)),
    ("*getsockopt*", ("socket_getsockopt",)),
    ("*shutdown*", ("socket_shutdown",)),
    ("*socket*", ("socket_create",)),
    ("*keyctl*", ("key_permission",)),
    ("*key*", ("key_permission",)),
    ("*msg*", ("msg_queue_msgsnd",)),
    ("*shm*", ("shm_shmat",)),
    ("*syslog*", ("syslog",)),
    ("*quota*", ("quotactl",)),
    ("*settime*", ("settime",)),
)
"""What a function's name has in it, and the hooks that are asked before it does what it is called; the first that fits."""

NO_ERRNO: frozenset[str] = frozenset({"inode_xattr_skipcap", "audit_rule_known", "xfrm_state_pol_flow_match"})
"""Hooks that answer yes or no, or with a number of their own."""


def deciding_hooks(function: str) -> tuple[str, ...]:
    """Return the LSM hooks that are asked before a function (or a system call) does its work; none if none is known."""
    return next((hooks for pattern, hooks in _DECIDING if fnmatchcase(function, pattern)), ())
