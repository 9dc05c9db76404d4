"""Events as a stream of JSON lines, for as long as the client reads.

Beside events there are two kinds of lines: `{"heartbeat": time}` when nothing else came for a while, and `{"dropped": n}`
when the client was too slow and the agent let n of the oldest events go.  Events begin with `{"time":`.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import msgspec

from policyd.api.codes import BusyError
from policyd.api.request import Endless, Parameter
from policyd.vocabulary.severities import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policyd.api.request import Request

MAX_STREAMS = 4
HEARTBEAT_SECONDS = 10.0
MAX_TAIL = 100_000

_WAIT_SECONDS = 0.5
"""How long one look for events waits: how soon a stream sees that the agent stops."""
_CHUNK = 64 << 10

SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the least on."""

QUERY = (
    Parameter("policy", "Only events of this policy; may stand several times.", many=True),
    Parameter("tail", "Begin with up to this many of the last events.", number=True),
    Parameter("follow", "`false`: end after those, instead of going on with new ones.", values=("true", "false")),
    Parameter("severity", "Only events of this severity or a higher one.", values=SEVERITIES),
)


class _Severe(msgspec.Struct):
    severity: str = "info"


class Streams:
    """Counts the streams of an agent, and ends them all when it stops."""

    def __init__(self, most: int = MAX_STREAMS) -> None:
        self._room = threading.BoundedSemaphore(most)
        self._most = most
        self.stopping = threading.Event()

    def events(self, request: Request) -> Endless:
        """Begin a stream; `BusyError` if there are as many as may be."""
        if not self._room.acquire(blocking=False):
            raise BusyError(f"{self._most} streams of events are open already, and there may be no more: end one of them")
        least = SEVERITIES.index(request.one("severity", SEVERITIES[0]))
        tail = min(int(request.one("tail", "0")), MAX_TAIL)
        lines = _lines(request, tail, self.stopping)
        return Endless(_chunks(lines, frozenset(SEVERITIES[least:]) if least else frozenset()), _once(self._room.release))


def _once(release: Callable[[], object]) -> Callable[[], None]:
    """Return a call that releases the first time only."""
    left = [release]

    def close() -> None:
        if left:
            left.pop()()

    return close


def _lines(request: Request, tail: int, stopping: threading.Event) -> Iterator[list[str]]:
    """Yield events as they come, with the lines between them."""
    yield [_heartbeat()]
    told, last, follow = 0, time.monotonic(), request.one("follow", "true") == "true"
    with request.agent.subscribe(request.query.get("policy", ()), tail) as subscription:
        while not (stopping.is_set() or request.gone()):
            found = subscription.lines(_WAIT_SECONDS if follow else 0.0)
            dropped, now = subscription.dropped, time.monotonic()
            if dropped > told:
                found = [f'{{"dropped":{dropped - told}}}\n', *found]
                told = dropped
            if not found and now - last >= HEARTBEAT_SECONDS:
                found = [_heartbeat()]
            if found:
                last = now
                yield found
            if not follow:
                return


def _chunks(batches: Iterator[list[str]], severe: frozenset[str]) -> Iterator[bytes]:
    """Yield lines as bytes, not too many at once; `severe` are the severities to let through, all if empty."""
    decode = msgspec.json.Decoder(_Severe).decode
    for batch in batches:
        lines = [line for line in batch if _is_ours(line) or decode(line).severity in severe] if severe else batch
        data = "".join(lines).encode("utf-8", "backslashreplace")
        for start in range(0, len(data), _CHUNK):
            yield data[start : start + _CHUNK]


def _is_ours(line: str) -> bool:
    return not line.startswith('{"time":')


def _heartbeat() -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f'{{"heartbeat":"{now}"}}\n'
