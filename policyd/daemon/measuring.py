"""What hooks cost, measured for a moment again and again: the kernel counts runs and times only while somebody asks.

In: how often and for how long (`stats` of the configuration).  Out: nothing but the kernel's own counters, which the API
exports, and for how long they counted.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from policyd.errors import PolicydError
from policyd.kernel.bpf.stats import measuring
from policyd.log import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

EVENT_UNMEASURED = "hooks-unmeasured"
_STOP_SECONDS = 5.0


class Measuring:
    """Has the kernel measure for `window` of every `interval` seconds, for the length of a `with` block.

    `measured` is told how long each time.  A kernel that refuses is told of once, and left alone.
    """

    def __init__(
        self,
        interval: float,
        window: float,
        measured: Callable[[float], object],
        measure: Callable[[], AbstractContextManager[None]] = measuring,
    ) -> None:
        self._pause, self._window = max(interval - window, 0.0), window
        self._measured, self._measure = measured, measure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="measuring", daemon=True)

    def __enter__(self) -> Measuring:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._measure():
                    begun = time.monotonic()
                    self._stopping.wait(self._window)
                    self._measured(time.monotonic() - begun)
                self._stopping.wait(self._pause)
        except PolicydError as error:
            log(EVENT_UNMEASURED, error=str(error))
