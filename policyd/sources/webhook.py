"""Whether a call came from the forge: the secret that it shares with us, compared in constant time.

In: the headers and the body of a request.  Out: the forge's name, or a refusal.  Nothing in the body is parsed or believed:
a good call only makes the source ask its repository again.  So a call that is replayed costs one `git ls-remote`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from policyd.errors import PolicydError
from policyd.log import EVENT_WEBHOOK, log
from policyd.sources.git_secrets import read_secret
from policyd.sources.source import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 1 << 20
"""More is not read by the server, and not hashed here; forges send some 10 KiB for a push."""

_SIGNATURES = (
    ("x-hub-signature-256", "GitHub"),
    ("x-forgejo-signature", "Forgejo"),
    ("x-gitea-signature", "Gitea"),
    ("x-hub-signature", "Bitbucket"),
)
"""Headers with the HMAC-SHA-256 of the body, as hexadecimal digits, with or without `sha256=` before them."""
_TOKEN = ("x-gitlab-token", "GitLab")
_DIGEST = re.compile(r"(?:sha256=)?([0-9a-f]{64})", re.IGNORECASE)


class WebhookError(PolicydError):
    """A call that is not accepted; `status` is the HTTP status to answer with."""

    exit_code = 77

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def check_call(headers: Mapping[str, str], body: bytes, secret_file: str) -> str:
    """Return which forge called; `WebhookError`.  Why the secret cannot be read is logged: a caller must not learn it."""
    if len(body) > MAX_BODY_BYTES:
        raise WebhookError(f"the body is larger than {MAX_BODY_BYTES >> 20} MiB", 413)
    try:
        secret = read_secret(secret_file, "the webhook's secret").strip(b"\r\n")
    except SourceError as error:
        log(EVENT_WEBHOOK, reason=str(error))
        raise WebhookError("the secret for this call cannot be read here; the agent's log says why", 503) from None
    given = {name.lower(): value for name, value in headers.items()}
    if _TOKEN[0] in given:
        return _accepted(_TOKEN[1], hmac.compare_digest(given[_TOKEN[0]].encode("utf-8", "surrogateescape"), secret))
    for header, forge in _SIGNATURES:
        digest = _DIGEST.fullmatch(given.get(header, ""))
        if digest:
            expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
            return _accepted(forge, hmac.compare_digest(digest[1].lower(), expected))
    known = ", ".join([*(header for header, _ in _SIGNATURES), _TOKEN[0]])
    raise WebhookError(f"the call is not signed: set a secret in the forge, for a header like one of these: {known}", 401)


def _accepted(forge: str, good: bool) -> str:
    if not good:
        raise WebhookError(f"the call is not signed with our secret; set the same in {forge} and in `webhook.secret`", 403)
    return forge
