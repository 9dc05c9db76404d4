"""Event names, and the one place that sets structlog up.

Modules call `log(EVENT_…, key=value)`; nothing is imported, formatted or written until somebody has called `set_up`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from typing import TextIO

    Form = Literal["text", "json"]

EVENT_LEFT_OUT = "policy-left-out"
EVENT_BUILD_FAILED = "build-failed"
EVENT_STEP_FAILED = "step-failed"
EVENT_STEP = "step"
EVENT_REVERTED = "change-reverted"
EVENT_STORE_REMADE = "source-store-remade"
EVENT_WEBHOOK = "webhook-unusable"
EVENT_WAITING = "waiting"
EVENT_TRIAL_FORGOTTEN = "trial-forgotten"
EVENT_STARTED, EVENT_READY, EVENT_STOPPING, EVENT_STOPPED = "agent-started", "agent-ready", "agent-stopping", "agent-stopped"
EVENT_BUG = "bug"
EVENT_SOURCE = "source"
EVENT_POLICY = "policy"
EVENT_MENDED = "mended"
EVENT_DRIFT = "drift"
EVENT_STORM = "repair-storm"
EVENT_SINK = "sink"
EVENT_SURROUNDINGS = "surroundings-changed"
EVENT_RENEW_FAILED = "renew-failed"
EVENT_UNWATCHED = "unwatched"
EVENT_LATE = "loop-late"
EVENT_UNGUARDED = "unguarded"
EVENT_PROOF = "proof"

_logger: Any = None
_form: Form | None = None


def set_up(stream: TextIO, form: Form = "text") -> None:
    """Write events to `stream` from now on, one a line: `key=value` text, or JSON."""
    import structlog  # noqa: PLC0415 (100 ms that most commands do not need)

    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.processors.KeyValueRenderer(key_order=["event"])
    )
    global _logger, _form  # noqa: PLW0603 (the process has one log)
    _form = form
    _logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[structlog.processors.TimeStamper(fmt="iso"), structlog.processors.add_log_level, renderer],
    )


def form() -> Form | None:
    """Return how events are written, for another process that shall write them in the same way; None if they are not."""
    return _form


def log(event: str, **facts: object) -> None:
    """Note an event, with its facts, if logging has been set up."""
    if _logger is not None:
        with suppress(OSError):  # nobody reads it any more: that must not end what is at work
            _logger.info(event, **facts)
