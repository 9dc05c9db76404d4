"""The rows of hooks in programs and libraries.

`hooks.py` has the other rows and joins these to them.
"""

from __future__ import annotations

from policyd.vocabulary.function_hooks import KEPT
from policyd.vocabulary.hook_kind import Context, HookKind, Key

_CONTEXTS: frozenset[Context] = frozenset({"any", "process", "user_stack"})
_CALLS: frozenset[Context] = _CONTEXTS | {"call"}
_FILE = (
    Key("path", "the program or library, as this host's root sees it; links are followed"),
    Key("library", "in place of `path`: a library by name (`libc.so.6`, `libc`), looked up as the dynamic loader does"),
)
_REST = (
    Key("pid", "one process, by its number; default: every process that runs the file"),
    Key("buildId", "the build id that the file must have (`readelf -n` shows it); another one is an error"),
    Key("limit", "how many places the hook may have; default: 512"),
)
_FUNCTION = (
    Key("symbol", "a function, or a glob: `malloc`, `str*`, or one version of it, `memcpy@GLIBC_2.2.5`"),
    Key("symbols", "in place of `symbol`: a list of them"),
    Key("offset", "bytes from the start of the one symbol; without a symbol, of the file"),
    Key("ret", "the type of the result; without one `ret` is a number, shown in hexadecimal"),
)
_ARGS = "names and types of the arguments, in their order: {size: size}; without them args[0]… are hexadecimal numbers"
_PHASE = Key("phase", "enter (the default); exit: as it returns, with `ret` too; call: exit with `duration`")
_ROUND = (
    "A program can have its own copy of a function (linked statically, inlined, or in a library of its own): what is not in "
    "this file is not seen.",
    "A process that still runs a file which has been replaced or deleted since is not seen.",
    "Whoever runs the code can change its memory, call behind the place, or call the kernel itself: this observes programs, "
    "it does not confine them.",
    "Strings and bytes are read from the process's memory: another thread can change them right after, and a page that is "
    "not in memory cannot be read (the field is then unread).",
)


def _row(kind: str, keys: tuple[Key, ...], summary: str) -> HookKind:
    return HookKind(
        kind=kind,
        name="",
        attach_kind="uprobe",
        keys=(*_FILE, *keys, *_REST),
        contexts=_CALLS if kind == "uprobe" else _CONTEXTS,
        verdicts=(),
        signals=True,
        summary=summary,
        context="Runs in the process that runs the code, before the instruction; every thread of it is seen."
        + ("" if kind == "usdt" else f" As it returns: {KEPT}"),
        ways_round=_ROUND,
        cost="A trap into the kernel, far dearer than a tracepoint; a return costs another. And what the rules read.",
        by_means=True,
    )


USER_HOOKS: tuple[HookKind, ...] = (
    _row(
        "uprobe",
        (Key("args", _ARGS), *_FUNCTION, _PHASE),
        "A function of a program or a library, as it is called or as it returns, with arguments as declared.",
    ),
    _row(
        "uretprobe",
        (Key("args", _ARGS), *_FUNCTION),
        "A function of a program or a library, as it returns; short for `uprobe` with `phase: exit`.",
    ),
    _row(
        "usdt",
        (
            Key("provider", "who made the probe, as the program's authors call it; globs"),
            Key("name", "the probe (or a list, or globs)"),
            Key("args", "names and types of the arguments, in their order; without them args[0]… are numbers"),
        ),
        "A probe that the authors of a program put into it (user statically defined tracing), with its arguments.",
    ),
)
