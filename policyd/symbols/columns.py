"""Names for the stacks in events and rows (`kernel.stack`, `user.stack`): what commands and the agent put in place once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from policyd.stack import UserFrame
from policyd.symbols.frames import Symbols
from policyd.vocabulary.stacks import SHOWER

if TYPE_CHECKING:
    from policyd.vocabulary.stacks import Frames


def name_stacks(live: bool) -> None:
    """Have frames shown by name from now on, in any thread; `live` as for `Symbols`."""
    symbols, lock = Symbols(live), threading.Lock()

    def texts(stack: Frames) -> list[str]:
        with lock:
            return frame_texts(stack, symbols)

    SHOWER.texts = texts


def frame_texts(stack: Frames, symbols: Symbols) -> list[str]:
    """Return what each frame is called, from the innermost outwards, with the place in the function."""
    if stack.part == "kernel":
        return [str(symbols.kernel(at, returns=number > 0)) for number, (at, _) in enumerate(stack.frames)]
    frames = [UserFrame(0, file, at) if file else UserFrame(at) for at, file in stack.frames]
    return [str(symbols.user(frame, stack.pid, returns=number > 0)) for number, frame in enumerate(frames)]
