"""Every exception of policyd, with the data that a caller needs to act on it.

Nothing here imports anything of policyd.  An error says whose fault it is: the author of a policy
(`DocumentError`, `PolicyError`), this kernel (`UnsupportedError`), policyd itself (`CompileError`), the environment
(`KernelError`, `AttachError`, `LockError`) or another owner (`OwnershipError`).  The command line turns the class into an
exit code and `str()` into the message; it never shows a traceback for a `PolicydError`.
"""

from __future__ import annotations

import errno as errno_module
import os
from dataclasses import dataclass
from typing import ClassVar, Literal

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; `line` and `column` count from 1, `file` is as the user named it (`<stdin>` for `-`)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def show_path(path: Path) -> str:
    """Return `("spec", "rules", 0, "hook")` as `spec.rules[0].hook`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document.  `code` is a stable kebab-case word that scripts can match (`unknown-field`)."""

    code: str
    message: str
    position: Position | None = None
    path: Path = ()
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    policy: str = ""

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        path = f" (at {show_path(self.path)})" if self.path else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{where}{self.severity}: {self.message} [{self.code}]{path}{hint}"


def _again(kind: type[PolicydError], args: tuple[object, ...], facts: dict[str, object]) -> PolicydError:
    """Return an error as it was, without the way in which it is made (each class has its own)."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class PolicydError(Exception):
    """The root of all errors that policyd raises on purpose.  They can be pickled, whatever they are made from."""

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args, self.__dict__)

    exit_code: ClassVar[int] = 3  # 0 and 1 are answers (`diff`: same, differs), not errors


class ProblemsError(PolicydError):
    """One or more problems of documents, all reported at once."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DocumentError(ProblemsError):
    """A file that is no acceptable YAML: not read, broken, too big, too deep, duplicate keys."""


class PolicyError(ProblemsError):
    """A document that is no valid policy."""


class ConfigError(ProblemsError):
    """A document that is no valid configuration of the agent."""


class UsageError(PolicydError):
    """The command line was called with words that do not fit together."""

    exit_code = 64


class PrivilegeError(PolicydError):
    """The process may not do what was asked: most of the kernel side needs root."""

    exit_code = 77


class NotFoundError(PolicydError):
    """A named policy, map, hook or param is not there."""

    exit_code = 4


class TargetError(PolicydError):
    """A target has no such tracepoint, field, member or type; `candidates` are the names that are there."""

    exit_code = 2

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        self.candidates = candidates
        super().__init__(message)


class UnsupportedError(PolicydError):
    """This kernel or this builder lacks something: what, since when it exists, and what to use instead."""

    exit_code = 5

    def __init__(self, what: str, since: str = "", instead: str = "") -> None:
        self.what, self.since, self.instead = what, since, instead
        since = f" (needs {since})" if since else ""
        instead = f"; {instead}" if instead else ""
        super().__init__(f"{what}{since}{instead}")


class BuildError(PolicydError):
    """A unit that did not become a loaded program; `unit` is the attach point's key."""

    exit_code = 6

    def __init__(self, unit: str, message: str, log: str = "", position: Position | None = None) -> None:
        self.unit, self.log, self.position = unit, log, position
        where = f"{position}: " if position else ""
        super().__init__(f"{where}{unit}: {message}")


class CompileError(BuildError):
    """The compiler refused generated code: a bug of policyd (or a broken compiler), and the message says so.

    `too_big` tells that the code does not fit the limits of a BPF program (stack, jump distance), so that less of it may.
    """

    def __init__(
        self, unit: str, message: str, log: str = "", position: Position | None = None, *, too_big: bool = False
    ) -> None:
        self.too_big = too_big
        super().__init__(unit, message, log, position)


class VerifierError(BuildError):
    """The kernel's verifier refused a program.

    `log` is the whole verifier log, `summary` its telling line, `position` the YAML line that the refused instruction came
    from, and `errno` what `bpf(BPF_PROG_LOAD)` returned (E2BIG: over the instruction budget).
    """

    def __init__(self, unit: str, summary: str, log: str, errno: int, position: Position | None = None) -> None:
        self.summary, self.errno = summary, errno
        super().__init__(unit, f"the kernel's verifier refused the program: {summary}", log, position)


_HINTS = {
    errno_module.EPERM: "the kernel does not allow it to this process: `policyd doctor` tells what is missing",
    errno_module.ENOMEM: "the memory cgroup of this process may not allow it: maps are charged to it",
}
"""What to look at when the kernel says no, where nobody knows better."""


class KernelError(PolicydError):
    """A system call on BPF objects, links or bpffs failed.  `transient` tells whether trying again can help."""

    exit_code = 7
    _TRANSIENT: ClassVar[frozenset[int]] = frozenset(
        {errno_module.EAGAIN, errno_module.EINTR, errno_module.EBUSY, errno_module.ENOMEM, errno_module.ENOSPC}
    )

    def __init__(self, what: str, errno: int, hint: str = "") -> None:
        hint = hint or _HINTS.get(errno, "")
        self.what, self.errno, self.hint = what, errno, hint
        name = errno_module.errorcode.get(errno, str(errno))
        super().__init__(f"{what}: {name}: {os.strerror(errno)}" + (f"; {hint}" if hint else ""))

    @property
    def transient(self) -> bool:
        return self.errno in self._TRANSIENT


class AttachError(KernelError):
    """A link could not be made or updated; `attach_point` is its key (`xdp:eth0`)."""

    def __init__(self, attach_point: str, what: str, errno: int, hint: str = "") -> None:
        self.attach_point = attach_point
        super().__init__(what, errno, hint)


class LockError(PolicydError):
    """Another policyd holds the lock of the bpffs root."""

    exit_code = 8


class OwnershipError(PolicydError):
    """A name, a pin or a bpffs root belongs to somebody else."""

    exit_code = 9
