"""Batches of events by POST, as lines of JSON or as one array.

`Idempotency-Key` is the same each time a batch is sent again, so that a receiver that took it and could not say so can tell.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from policyd.sinks.http import Address, Poster
from policyd.sinks.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.sinks.sink import Lines

Format = Literal["ndjson", "array"]


class WebhookSink(Sink):
    """Sends at most `batch` events in a request."""

    kind = "webhook"
    batch_bytes = 1 << 20

    def __init__(self, address: Address, batch: int = 500, form: Format = "ndjson") -> None:
        self.where, self.batch_events = address.where, batch
        self._form, self._poster = form, Poster(address)

    def write(self, batch: Sequence[Lines]) -> int:
        """Send it in one request."""
        body = b"".join(lines.data for lines in batch)
        kind = "application/x-ndjson"
        if self._form == "array":
            body, kind = b"[" + body.rstrip(b"\n").replace(b"\n", b",\n") + b"]\n", "application/json"
        key = hashlib.sha256(body).hexdigest()
        self._poster.post(self._poster.address.url, body, kind, {"Idempotency-Key": key})
        return 0

    def close(self) -> None:
        self._poster.close()
