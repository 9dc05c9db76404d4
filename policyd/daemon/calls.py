"""System calls that the prover makes itself: each with arguments for which the kernel refuses it, or which change nothing.

An invalid file descriptor, a path at address 0, a flag that does not exist: the call enters and leaves the kernel, which is
all that a canary needs.  Calls for which there are no such arguments (`sync`, `fork`, `exit_group`, `pause`…) are not here:
they are proven by real events only.  docs/truth.md shows this table; a test makes each call and looks that it fails.
"""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[int, ...]

_NO_FD, _ZERO, _BAD = -1, 0, -1
_NOBODY = 0x7FFFFFFF  # no process has this number: pid_max is at most 4194304


@dataclass(frozen=True, slots=True)
class Harmless:
    """Calls (by the names of their tracepoints, in one text) that the same words make harmless, and why."""

    why: str
    arguments: Words
    calls: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.calls.split())


HARMLESS: tuple[Harmless, ...] = (
    Harmless(
        "there is no file descriptor -1, and no path at address 0",
        (_NO_FD, 0, 0, 0, 0, 0),
        "close read write pread64 pwrite64 readv writev preadv pwritev newfstat lseek ioctl fsync fdatasync ftruncate "
        "flock fcntl getdents getdents64 fchdir fchmod fchown fallocate sendfile64 bind connect listen accept accept4 "
        "getsockname getpeername sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown setsockopt getsockopt dup "
        "epoll_ctl epoll_wait inotify_add_watch inotify_rm_watch fstatfs fsetxattr fgetxattr flistxattr fremovexattr "
        "openat openat2 unlinkat mkdirat mknodat fchownat newfstatat fchmodat faccessat faccessat2 readlinkat linkat "
        "symlinkat renameat renameat2 name_to_handle_at execveat syncfs readahead sync_file_range copy_file_range "
        "fadvise64 timerfd_settime timerfd_gettime mq_timedsend mq_timedreceive mq_getsetattr io_uring_enter "
        "io_uring_register pidfd_send_signal pidfd_getfd setns fanotify_mark finit_module splice tee vmsplice",
    ),
    Harmless(
        "there is no path, name or structure at address 0",
        (0, 0, 0, 0, 0, 0),
        "open creat newstat newlstat access chdir rename mkdir rmdir link unlink symlink readlink chmod chown lchown "
        "truncate statfs mknod utime utimes chroot mount umount setxattr lsetxattr getxattr lgetxattr listxattr "
        "llistxattr removexattr lremovexattr execve memfd_create mq_open mq_unlink swapon swapoff delete_module "
        "init_module newuname sysinfo nanosleep capget capset clone3 io_setup io_destroy io_uring_setup add_key "
        "request_key shmget epoll_create statx",
    ),
    Harmless(
        "it only asks, or gives the processor away for a moment",
        (0, 0, 0, 0, 0, 0),
        "getpid getppid getuid geteuid getgid getegid gettid getpgrp getpgid getsid sched_yield getcpu times brk "
        "gettimeofday time getgroups poll futex",
    ),
    Harmless(
        "there is no option, flag, clock, signal or size -1",
        (_BAD, 0, 0, 0, 0, 0),
        "clock_gettime clock_getres clock_settime clock_nanosleep getitimer setitimer getrlimit getpriority setpriority "
        "prctl arch_prctl rt_sigaction rt_sigprocmask tkill waitid shmat shmctl semctl msgctl sched_getparam "
        "sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min setuid "
        "setgid setgroups socket socketpair epoll_create1 inotify_init1 userfaultfd unshare keyctl seccomp membarrier "
        "select pselect6 epoll_pwait ioprio_get pidfd_open timerfd_create signalfd4 get_robust_list kcmp "
        "rt_sigqueueinfo",
    ),
    Harmless("it names a process that cannot be", (_NOBODY, 0, 0, 0, 0, 0), "kill"),
    Harmless("it names a process that cannot be, without waiting", (_NOBODY, 0, 1, 0, 0, 0), "wait4"),
    Harmless("it names a process that cannot be", (_BAD, _NOBODY, 0, 0, 0, 0), "ptrace"),
    Harmless("it names threads that cannot be", (_BAD, _BAD, 0, 0, 0, 0), "tgkill setpgid"),
    Harmless("the address is not one of a page", (1, 0, 0, 0, 0, 0), "munmap mprotect msync mincore shmdt"),
    Harmless("the advice does not exist", (1, 0, _BAD, 0, 0, 0), "madvise"),
    Harmless("nothing of length 0 can be mapped", (0, 0, 0, 0, _NO_FD, 0), "mmap"),
    Harmless("the address is not one of a page", (1, 0, 0, 0, 0, 0), "mremap"),
    Harmless("there is no such flag", (0, _BAD, 0, 0, 0, 0), "pipe2 eventfd2 prlimit64 semget"),
    Harmless("there is no such flag", (0, 0, _BAD, 0, 0, 0), "getrandom"),
    Harmless("there is no such flag", (_NO_FD, 0, 0, 0, 0, 1), "process_vm_readv process_vm_writev"),
    Harmless("there is no such flag", (0, _BAD, _BAD, _BAD, _BAD, 0), "perf_event_open"),
    Harmless("a new mount namespace cannot share its root", (0x20200, 0, 0, 0, 0, 0), "clone"),
    Harmless("both are the same, and not open", (_NO_FD, _NO_FD, 0, 0, 0, 0), "dup2 dup3"),
    Harmless("the first comes after the last", (2, 1, 0, 0, 0, 0), "close_range"),
    Harmless("there is no such command", (_BAD, 0, 0, 0, 0, 0), "bpf"),
    Harmless("-1 means: stays as it is", (_BAD, _BAD, _BAD, 0, 0, 0), "setreuid setregid setresuid setresgid"),
)

BY_NAME: dict[str, Words] = {name: row.arguments for row in HARMLESS for name in row.names}
"""The words for each call, by the name of its tracepoints."""
