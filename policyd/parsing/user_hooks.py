"""Hooks in programs and libraries: which of their keys go together, and what `symbol` stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from policyd.document import Sequence
from policyd.policy import FileHook, FunctionInFile

if TYPE_CHECKING:
    from policyd.parsing.reader import Keys
    from policyd.policy import PlainHook

EXAMPLES = {
    "uprobe": "{path: /bin/bash, symbol: readline, phase: exit, ret: string}",
    "uretprobe": "{path: /bin/bash, symbol: readline, ret: string}",
    "usdt": "{path: /usr/bin/python3, provider: python, name: function__entry}",
}
"""Each kind as a policy spells it: there is no short form."""


def is_in_file(model: type[PlainHook]) -> TypeGuard[type[FileHook]]:
    """Whether hooks of this model are in programs and libraries."""
    return issubclass(model, FileHook)


def check_keys(model: type[FileHook], keys: Keys) -> None:
    """Report keys that do not go together, or that one of them is missing."""
    if keys.has("path") and keys.has("library"):
        keys.fail("library", "conflicting-keys", f"{keys.what} has either `path` or `library`")
    elif not keys.has("path") and not keys.has("library"):
        keys.missing("path", "name the file by its path, or a library by its name (`library`)")
    for key in ("symbols", "name"):
        value = keys.get(key)
        if isinstance(value, Sequence) and not value.items:
            keys.fail(key, "missing-key", f"{keys.what} needs at least one of its `{key}`")
    if not issubclass(model, FunctionInFile):
        return
    if keys.has("symbol") and keys.has("symbols"):
        keys.fail("symbols", "conflicting-keys", f"{keys.what} has either `symbol` or `symbols`")
    elif not any(keys.has(key) for key in ("symbol", "symbols", "offset")):
        keys.missing("symbol", "name a function, or give its `offset` in the file")


def in_long_form(hook: PlainHook) -> PlainHook:
    """Return the hook with its `symbol` as the only one of `symbols`."""
    if isinstance(hook, FunctionInFile) and hook.symbol:
        return hook.model_copy(update={"symbols": (hook.symbol,), "symbol": ""})
    return hook
