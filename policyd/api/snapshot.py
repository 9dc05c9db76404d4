"""What the kernel holds, read at most once a second, and not all the time, however many ask.

Every look at the kernel goes through here: what took long is kept for longer, so that clients who ask without pause cost the
host no more than a fraction of a CPU.  Who comes while one reads waits for what that one finds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from policyd.observe import observe
from policyd.status import hook_views, map_views, policy_views
from policyd.views.kernel import hook_item, map_item, policy_item, record_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from policyd.api.port import Agent
    from policyd.observe import Observed
    from policyd.views.kernel import HookItem, MapItem, PolicyItem

FRESH_SECONDS = 1.0
PAUSES = 5
"""What took a second to make is kept for so many seconds: at most a sixth of the time is spent on making it."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A value that is made again when it is asked for and too old.  An error is not kept."""

    def __init__(self, make: Callable[[], Value], seconds: float = FRESH_SECONDS) -> None:
        self._make, self._seconds = make, seconds
        self._lock = threading.Lock()
        self._found: tuple[float, Value] | None = None  # until when it is kept

    def get(self) -> Value:
        """Return the value, made again if it is too old."""
        with self._lock:
            begun = time.monotonic()
            if self._found is None or begun > self._found[0]:
                self._found = None
                value = self._make()
                made = time.monotonic()
                self._found = made + max(self._seconds, PAUSES * (made - begun)), value
            return self._found[1]

    def forget(self) -> None:
        """Make it anew when it is asked for next."""
        with self._lock:
            self._found = None


class Snapshot:
    """The kernel's side of an agent, as JSON shapes and as metrics."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.observed: Kept[Observed] = Kept(lambda: observe(agent.kernel))
        self.policies: Kept[list[PolicyItem]] = Kept(self._policies)
        self.hooks: Kept[list[HookItem]] = Kept(self._hooks)
        self.maps: Kept[list[MapItem]] = Kept(self._maps)
        self.records: Kept[list[dict[str, Any]]] = Kept(self._records)
        self.metrics: Kept[bytes] = Kept(self._metrics)

    def forget(self) -> None:
        """Something was changed: read anew."""
        for kept in (self.observed, self.policies, self.hooks, self.maps, self.records, self.metrics):
            kept.forget()

    def _policies(self) -> list[PolicyItem]:
        proofs = self._agent.proofs()
        views = policy_views(self.observed.get(), self._agent.kernel)
        return [policy_item(view, proofs.get(name)) for name, view in views.items()]

    def _hooks(self) -> list[HookItem]:
        return [hook_item(view) for view in hook_views(self.observed.get(), self._agent.kernel)]

    def _maps(self) -> list[MapItem]:
        return [map_item(view) for view in map_views(self.observed.get(), self._agent.kernel)]

    def _records(self) -> list[dict[str, Any]]:
        return [record_data(record) for _, record in sorted(self.observed.get().records.items())]

    def _metrics(self) -> bytes:
        from policyd.api.metrics import exposition_of  # noqa: PLC0415 (only when somebody scrapes)

        return exposition_of(self._agent, self.observed)
