"""POST for sinks: one address, headers from files, a time limit, and answers sorted into taken, try again, and refused.

The only importer of `urllib3`, which costs 12 MB: it is imported when the first sink of this kind is made.
"""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policyd.sinks.sink import SinkError
from policyd.text import safe, safe_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse

LONGEST_ANSWER = 64 << 10
"""Bytes of an answer that are looked at."""
_LONGEST_HEADER = 16 << 10
_CREDENTIALS = frozenset({401, 403, 407})
"""Header files are read anew each time, so what is refused today may be taken once somebody has renewed them."""
_HINTS = {
    **dict.fromkeys(_CREDENTIALS, "look at the files of its headers"),
    404: "is the path right?",
    413: "its batches are too large for the other side",
    **dict.fromkeys((301, 302, 307, 308), "redirections are not followed: write the new address"),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to POST: `headers` are (name, file) pairs, `timeout` seconds for connecting and for each wait.

    `ca_file` holds the authorities that vouch for the server (empty: those of this host).
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 10.0
    compress: bool = False
    ca_file: str = ""
    transient: frozenset[int] = frozenset({408, 425, 429, 500, 502, 503, 504}) | _CREDENTIALS

    @property
    def where(self) -> str:
        """The URL without what may be secret in it."""
        parts = urlsplit(self.url)
        return safe(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", 200)

    def below(self, path: str) -> str:
        """Return the URL with a path appended."""
        parts = urlsplit(self.url)
        return parts._replace(path=f"{parts.path.rstrip('/')}/{path}").geturl()


class Poster:
    """Sends bodies to an address.  Certificates are checked; proxies are not used, whatever the environment says."""

    def __init__(self, address: Address) -> None:
        import urllib3  # noqa: PLC0415 (only who sends over HTTP pays for it)

        self.address = address
        self._urllib3 = urllib3
        timeout = urllib3.Timeout(address.timeout, address.timeout)
        self._pool = urllib3.PoolManager(2, timeout=timeout, retries=False, ca_certs=address.ca_file or None)

    def post(self, url: str, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Send a body of this content type; return the beginning of the answer.  `SinkError` if it was not taken."""
        sent = {"Content-Type": kind, "User-Agent": "policyd", **(headers or {}), **self._secrets()}
        if self.address.compress:
            body, sent["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        try:
            answer = self._pool.request("POST", url, body=body, headers=sent, redirect=False, preload_content=False)
        except (self._urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise SinkError(f"{self.address.where}: {_reason(error)}") from error
        try:
            return self._checked(answer)
        finally:
            answer.release_conn()

    def _secrets(self) -> dict[str, str]:
        found = {}
        for name, file in self.address.headers:
            try:
                with Path(file).open("rb") as source:
                    found[name] = source.read(_LONGEST_HEADER).decode().strip()
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
                raise SinkError(f"header {name}: {safe(file, 200)}: {reason}") from error
            if not found[name].isprintable():
                raise SinkError(f"header {name}: {safe(file, 200)}: expected one line of text")
        return found

    def _checked(self, answer: BaseHTTPResponse) -> bytes:
        body = self._body(answer)
        status = answer.status
        if 200 <= status < 300:
            return body
        hint = f"; {_HINTS[status]}" if status in _HINTS else ""
        told = f": {safe_bytes(body, 200)}" if body.strip() else ""
        raise SinkError(
            f"{self.address.where}: {status} {safe(answer.reason or '', 60)}{told}{hint}",
            transient=status in self.address.transient,
            retry_after=retry_after(answer.headers.get("Retry-After", "")),
        )

    def _body(self, answer: BaseHTTPResponse) -> bytes:
        try:
            body = answer.read(LONGEST_ANSWER, decode_content=True)
            if answer.read(1):  # the rest is not worth its time
                answer.close()
        except (self._urllib3.exceptions.HTTPError, OSError) as error:
            raise SinkError(f"{self.address.where}: {_reason(error)}") from error
        return body

    def close(self) -> None:
        self._pool.clear()


def _reason(error: Exception) -> str:
    """Return the innermost reason of an error of urllib3, without addresses of objects."""
    reason = getattr(error, "reason", None) or error
    system = reason.__cause__  # such as a connection that was refused
    if isinstance(system, OSError) and system.strerror:
        return safe(system.strerror, 300)
    text = str(reason)
    return safe(text.partition(">: ")[2] or text or type(reason).__name__, 300)


def retry_after(text: str) -> float:
    """Return the seconds that a `Retry-After` header asks for (a number or a date); 0 if it says nothing of use."""
    if text.strip().isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
