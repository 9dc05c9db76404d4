"""Whom a policy or a rule is about, as written."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from policyd.policy.model import Model
from policyd.text import is_safe, one_of, quote
from policyd.vocabulary.task import NAMESPACES
from policyd.words import FilePath, Flag, Operand, ProcessId, wrong

MOST_BYTES = 4096
_CONTAINER_ID = re.compile(r"[0-9a-f]{12,64}")


def _pattern(text: str) -> str:
    parts = text.split("/")
    if not text.startswith("/") or len(text) >= MOST_BYTES or not is_safe(text) or ".." in parts:
        hint = "as /proc/PID/cgroup shows it: /system.slice/nginx.service"
        message = f"{quote(text)} is no path of a cgroup: it begins with a slash, and has no `..` in it"
        raise wrong("bad-cgroup", message, hint)
    if any("**" in part and part != "**" for part in parts):
        hint = "`*` stands for any text in a name"
        raise wrong("bad-cgroup", f"{quote(text)}: `**` stands for whole names, between two slashes or at the end", hint)
    return text


def _container(text: str) -> str:
    if text in {"true", "false"} or _CONTAINER_ID.fullmatch(text):
        return text
    hint = "names and images are not known to the kernel; `docker ps` and `crictl ps` show ids, and `cgroups` takes paths"
    message = f"{quote(text)} is no container: write an id (12 to 64 hexadecimal digits), or true or false for any or none"
    raise wrong("bad-container", message, hint)


def _namespace(text: str) -> str:
    if text not in NAMESPACES:
        raise wrong("unknown-key", f"there is no namespace {quote(text)}", f"namespaces: {one_of(NAMESPACES)}")
    return text


CgroupPattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "pattern": "^/"})]
Container = Annotated[
    str,
    AfterValidator(_container),
    WithJsonSchema({"type": ["string", "boolean"], "pattern": "^(true|false|[0-9a-f]{12,64})$"}),
]
NamespaceName = Annotated[str, AfterValidator(_namespace), WithJsonSchema({"enum": list(NAMESPACES)})]


class ProcessScope(Model):
    """Processes that run one of `binaries`, or are one of `pids` as the policy is applied; and what they start, if asked."""

    binaries: tuple[FilePath, ...] = ()
    pids: tuple[ProcessId, ...] = ()
    follow_children: Flag = False


class Scope(Model):
    """Whom rules are about: every key that is given must hold, and of a list one value.

    `containers`: ids, or `true` or `false` alone; empty: of no matter.  `unresolved`: what counts where it cannot be told.
    """

    cgroups: tuple[CgroupPattern, ...] = ()
    containers: tuple[Container, ...] = ()
    namespaces: tuple[tuple[NamespaceName, tuple[Operand, ...]], ...] = ()
    host: Flag | None = None
    processes: ProcessScope | None = None
    unresolved: Literal["In", "Out"] = "Out"
