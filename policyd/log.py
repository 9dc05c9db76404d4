"""Event names, and the one place that writes the log.

Modules call `log(EVENT_…, key=value)`; nothing is formatted or written until somebody has called `set_up`.  A library for
this (structlog) brought asyncio along, and 8 MB into an agent that should be small.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

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

_stream: TextIO | None = None
_form: Form = "text"
_lock = threading.Lock()


def set_up(stream: TextIO, form: Form = "text") -> None:
    """Write events to `stream` from now on, one a line: `key=value` text, or JSON."""
    global _stream, _form
    _stream, _form = stream, form


def form() -> Form | None:
    """Return how events are written, for another process that shall write them in the same way; None if they are not."""
    return _form if _stream is not None else None


def log(event: str, **facts: object) -> None:
    """Note an event, with its facts, if logging has been set up."""
    if _stream is None:
        return
    when = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    row = {"event": event, **facts, "timestamp": when, "level": "info"}
    line = json.dumps(row, default=repr) if _form == "json" else " ".join(f"{key}={value!r}" for key, value in row.items())
    with _lock, suppress(OSError):  # nobody reads it any more: that must not end what is at work
        _stream.write(f"{line}\n")
        _stream.flush()
