"""What the API may ask of the agent: the seam between HTTP and the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policyd.config import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from policyd.health import AgentStatus, Books, Proof, SourceStatus
    from policyd.kernel.port import Kernel
    from policyd.reading.metrics import Family

DEFAULT_SOCKET = defaults.SOCKET
"""Where the agent listens and the command line asks; `POLICYD_SOCKET` names another."""


class Subscription(Protocol):
    """JSON lines of events for one reader.  A reader that is too slow loses the oldest; `dropped` counts them."""

    @property
    def dropped(self) -> int: ...

    def lines(self, seconds: float) -> list[str]:
        """Wait at most so long for events; return what there is."""


class Agent(Protocol):
    """A running agent.  Every method may be called from any thread and returns soon."""

    kernel: Kernel

    def status(self) -> AgentStatus: ...

    def proofs(self) -> Mapping[str, Proof]:
        """By policy; empty if canaries are switched off."""

    def books(self) -> tuple[Books, ...]: ...

    def families(self) -> list[Family]:
        """The agent's own metrics (not those of policies, nor accounts and hooks, which the API reads from the kernel)."""

    def subscribe(self, policies: tuple[str, ...], tail: int) -> AbstractContextManager[Subscription]:
        """Follow events (of all policies if none is named), beginning with up to `tail` of the last ones."""

    # -- commands: each raises `NotFoundError` for a source that is not there, `UsageError` if it cannot be done now --

    def reconcile(self, source: str = "") -> tuple[SourceStatus, ...]:
        """Fetch and apply now (all sources if none is named); wait until it is done, and return how it went."""

    def suspend(self, source: str) -> SourceStatus: ...
    def resume(self, source: str) -> SourceStatus: ...
    def rollback(self, source: str, revision: str = "") -> SourceStatus:
        """Apply a revision of the history (the one before, if none is named), and suspend the source."""

    def webhook(self, source: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a forge's call: True if its secret fits (then the source is fetched soon)."""
