"""What a scope can say: the keys of `scope`, on a policy or a rule.  `explain` and the schema show the rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScopeKey:
    """One key of `scope`, or of `scope.processes` (`processes.binaries`)."""

    name: str
    explain: str
    example: str


SCOPE_KEYS: dict[str, ScopeKey] = {
    row.name: row
    for row in (
        ScopeKey(
            "cgroups",
            "Paths of cgroups, as /proc/PID/cgroup shows them; each with all below it. `*` is any text in a name, `**` any "
            "names.",
            "['/system.slice/nginx.service', '/kubepods.slice/**']",
        ),
        ScopeKey(
            "containers",
            "`true`: any container, `false`: none, or ids of containers, at least 12 digits of them. Told by the cgroups "
            "that containerd, CRI-O, Docker and Podman make.",
            "[3f4c5d6e7f80]",
        ),
        ScopeKey(
            "namespaces",
            "Namespaces of the process by kind (pid, mnt, net, user, uts, ipc, cgroup): `host`, or numbers as `lsns` shows "
            "them.",
            "{net: host, mnt: [host, '4026532301']}",
        ),
        ScopeKey("host", "`true`: processes in the host's pid namespace, `false`: all others.", "true"),
        ScopeKey("processes", "Processes by program or number; one of both is enough.", "{binaries: [/usr/sbin/nginx]}"),
        ScopeKey("processes.binaries", "Programs, by path as executed: processes that run one.", "[/usr/sbin/nginx]"),
        ScopeKey("processes.pids", "Processes that run when the policy is applied, in the host's numbers.", "[1234]"),
        ScopeKey(
            "processes.followChildren",
            "`true`: all that such a process starts is in too, and what that starts, whatever it executes.",
            "true",
        ),
        ScopeKey(
            "unresolved",
            "`In` or `Out` (default): what counts where it cannot be told, as of a packet that has no socket yet.",
            "In",
        ),
    )
}
