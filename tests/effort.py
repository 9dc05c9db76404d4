"""How much work a piece of code does, counted: unlike a clock, it finds the same on every machine, however busy."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def calls(work: Callable[[], object]) -> int:
    """Return how many functions were called, of Python and of C, while `work` ran in this thread."""
    number = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal number
        number += event in {"call", "c_call"}

    profile, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # what is called when it runs is called at random
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(profile)
        if collects:
            gc.enable()
    return number
