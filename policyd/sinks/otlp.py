"""OpenTelemetry: events as log records, metrics of all policies on an interval, over OTLP/HTTP with JSON encoding.

The shape is that of opentelemetry-proto 1.x as JSON: 64-bit numbers are text, enums numbers, names in lowerCamelCase
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
"""

from __future__ import annotations

import random
import threading
import time
from calendar import timegm
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from policyd.sinks.http import Address, Poster
from policyd.sinks.otlp_metrics import Series
from policyd.sinks.sink import Sink
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policyd.sinks.facts import AgentFacts
    from policyd.sinks.sink import Lines

TRANSIENT = frozenset({408, 429, 502, 503, 504}) | {401, 403}
"""What OTLP says may be tried again, and what new credentials can mend."""
SEVERITIES = {"info": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}
"""Our severities as SeverityNumber: INFO, INFO2, WARN, ERROR, FATAL."""
_JSON = "application/json"
_FLAT = frozenset({"time", "severity", "message", "fields"})
_POINTS = 2000
"""Data points in one request."""


class OtlpSink(Sink):
    """Sends to `<url>/v1/logs`, and metrics each `interval` seconds to `<url>/v1/metrics` (0: no metrics)."""

    kind = "otlp"
    batch_events, batch_bytes = 1024, 1 << 20

    def __init__(self, address: Address, facts: AgentFacts, interval: float = 0.0) -> None:
        address = replace(address, compress=True, transient=TRANSIENT)
        self.where, self._poster = address.where, Poster(address)
        self._url, self._facts = address.below("v1/logs"), facts
        self._decode = msgspec.json.Decoder().decode
        self._told = ""
        self._metrics = _Metrics(Poster(address), facts, interval) if interval and facts.families else None

    def write(self, batch: Sequence[Lines]) -> int:
        """Send it in one request; return how many records the receiver has rejected."""
        records = [log_record(self._decode(line)) for lines in batch for line in lines.each()]
        scope = {"scope": {"name": "policyd", "version": self._facts.version}, "logRecords": records}
        body = {"resourceLogs": [{"resource": resource(self._facts), "scopeLogs": [scope]}]}
        answer = self._poster.post(self._url, msgspec.json.encode(body), _JSON)
        rejected, self._told = partial_success(answer, "rejectedLogRecords")
        return min(rejected, len(records))

    def trouble(self) -> str:
        return "; ".join(filter(None, (self._told, self._metrics.trouble if self._metrics else "")))

    def close(self) -> None:
        if self._metrics:
            self._metrics.close()
        self._poster.close()


class _Metrics:
    """Sends all metrics on an interval, in a thread of its own.  What fails is not sent again: the next time tells more."""

    def __init__(self, poster: Poster, facts: AgentFacts, interval: float) -> None:
        self._poster, self._facts, self._interval = poster, facts, interval
        self._url, self._series = poster.address.below("v1/metrics"), Series()
        self.trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp-metrics", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        wait = self._interval * random.uniform(0.1, 1.0)  # noqa: S311 (so that not all nodes send at once)
        while not self._stopping.wait(wait):
            wait = self._interval
            try:
                self.trouble = self._send()
            except Exception as error:  # maps and programs come and go while they are read
                self.trouble = f"metrics: {safe(str(error) or type(error).__name__, 300)}"

    def _send(self) -> str:
        assert self._facts.families is not None
        told = []
        for metrics in self._series.requests(self._facts.families(), time.time_ns(), _POINTS):
            scope = {"scope": {"name": "policyd", "version": self._facts.version}, "metrics": metrics}
            body = {"resourceMetrics": [{"resource": resource(self._facts), "scopeMetrics": [scope]}]}
            answer = self._poster.post(self._url, msgspec.json.encode(body), _JSON)
            told.append(partial_success(answer, "rejectedDataPoints")[1])
        return next(filter(None, told), "")

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(self._poster.address.timeout)
        self._poster.close()


def resource(facts: AgentFacts) -> dict[str, Any]:
    """Return the `resource` of everything that is sent."""
    names = {"service.name": "policyd", "service.version": facts.version, "host.name": facts.node}
    return {"attributes": attributes({name: value for name, value in names.items() if value})}


def log_record(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as a LogRecord: its message is the body, its fields are attributes, all else is below `policyd.`."""
    own = {f"policyd.{key}": value for key, value in event.items() if key not in _FLAT}
    severity = str(event.get("severity", ""))
    return {
        "timeUnixNano": str(nanoseconds(str(event.get("time", "")))),
        "observedTimeUnixNano": str(time.time_ns()),
        "severityNumber": SEVERITIES.get(severity, 0),
        "severityText": severity,
        "body": {"stringValue": str(event.get("message") or f"{event.get('policy', '?')}/{event.get('rule', '?')}")},
        "attributes": attributes(own | dict(event.get("fields") or {})),
    }


def attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a mapping as a list of KeyValue; what is below a mapping gets its path as name, null is left out."""
    return [{"key": key, "value": any_value(value)} for key, value in _flat(values, "") if value is not None]


def _flat(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def any_value(value: Any) -> dict[str, Any]:
    """Return a value as an AnyValue.  Numbers beyond 63 bits are text: there is no unsigned type."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if -(1 << 63) <= value < 1 << 63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    return {"stringValue": "" if value is None else str(value)}


def nanoseconds(text: str) -> int:
    """Return a time such as `2026-11-22T11:15:00.123456789Z` in nanoseconds since 1970; 0 if it is none."""
    try:
        return _seconds(text[:19]) * 1_000_000_000 + int(text[20:29])
    except ValueError:
        return 0


@lru_cache(8)
def _seconds(text: str) -> int:
    return timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def partial_success(answer: bytes, name: str) -> tuple[int, str]:
    """Return how many items a receiver that answered 200 has rejected, and what it says about it."""
    try:
        found = msgspec.json.decode(answer)["partialSuccess"]
        rejected = int(found.get(name) or 0)
        message = str(found.get("errorMessage") or "")
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError):
        return 0, ""
    return max(rejected, 0), f"the receiver says: {safe(message, 200)}" if message else ""
