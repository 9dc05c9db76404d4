"""Names of C++ and Rust as their authors wrote them, by `c++filt` of binutils, if it is there.

In: names that linkers saw.  Out: what they stand for.  Names are foreign and the demangler is C: it runs in a process of its
own, as nobody where policyd is root, for a limited time; whatever becomes of it, names stay as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

PROGRAM = "c++filt"
LONGEST = 1024
_MOST = 200_000
_SECONDS = 20.0
_MANGLED = ("_Z", "_R", "__Z", "___Z")
_NOBODY = 65534
_RUST_HASH = re.compile("::h[0-9a-f]{16}$")
"""What older compilers of Rust put behind each name."""


def is_mangled(name: str) -> bool:
    """Whether a name looks like one that a compiler of C++ or Rust has made."""
    return name.startswith(_MANGLED)


def can_demangle() -> bool:
    """Whether the program is installed."""
    return shutil.which(PROGRAM) is not None


def demangled(names: Iterable[str]) -> dict[str, str]:
    """Return what mangled names stand for, without the parameters of functions; what stands for nothing is not in it."""
    asked = [name for name in dict.fromkeys(names) if is_mangled(name) and not set(name) & set(" \n")][:_MOST]
    program = shutil.which(PROGRAM)
    if not asked or program is None:
        return {}
    user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [program, "-p"],
            input="\n".join(asked).encode() + b"\n",
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            **user,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    answers = done.stdout.decode("utf-8", "replace").split("\n")[: len(asked)]
    if len(answers) != len(asked):
        return {}
    pairs = zip(asked, answers, strict=True)
    return {name: safe(_RUST_HASH.sub("", text), LONGEST) for name, text in pairs if text and text != name}
