from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest

from policyd.sources.webhook import MAX_BODY_BYTES, WebhookError, check_call

if TYPE_CHECKING:
    from pathlib import Path

BODY = b'{"ref": "refs/heads/main"}'
SECRET = b"It's a Secret to Everybody"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "hook").write_bytes(SECRET + b"\n")
    return str(tmp_path / "hook")


def digest(body: bytes = BODY, key: bytes = SECRET) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def test_the_example_of_a_forge_s_manual_is_accepted(secret: str) -> None:
    """GitHub documents this secret, payload and signature ("Validating webhook deliveries")."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert check_call({"X-Hub-Signature-256": signature}, b"Hello, World!", secret) == "GitHub"


@pytest.mark.parametrize(("headers", "forge"), [
    ({"X-Hub-Signature-256": "sha256=" + digest(), "X-Hub-Signature": "sha1=0"}, "GitHub"),
    ({"X-Gitea-Signature": digest(), "X-Gogs-Signature": digest()}, "Gitea"),
    ({"X-Forgejo-Signature": digest()}, "Forgejo"),
    ({"X-Hub-Signature": "sha256=" + digest()}, "Bitbucket"),
    ({"x-gitlab-token": SECRET.decode()}, "GitLab"),
    ({"X-HUB-SIGNATURE-256": "sha256=" + digest().upper()}, "GitHub"),
])  # fmt: skip
def test_the_calls_of_forges_are_accepted(secret: str, headers: dict[str, str], forge: str) -> None:
    assert check_call(headers, BODY, secret) == forge


@pytest.mark.parametrize("headers", [
    {"X-Hub-Signature-256": "sha256=" + digest(b"another body")},
    {"X-Hub-Signature-256": "sha256=" + digest(key=b"another secret")},
    {"X-Gitlab-Token": "another"},
    {"X-Gitlab-Token": ""},
    {"X-Gitlab-Token": "\udcff"},
    {"X-Gitlab-Token": "another", "X-Hub-Signature-256": "sha256=" + digest()},
])  # fmt: skip
def test_a_call_with_another_secret_is_refused(secret: str, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookError, match="not signed with our secret") as caught:
        check_call(headers, BODY, secret)
    assert caught.value.status == 403
    assert SECRET.decode() not in str(caught.value)


@pytest.mark.parametrize("headers", [
    {}, {"X-Hub-Signature": "sha1=" + digest()[:40]}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": "sha256="},
    {"X-Hub-Signature-256": "sha256=" + digest() + "00"}, {"Authorization": "Bearer x"},
])  # fmt: skip
def test_a_call_without_a_signature_is_refused(secret: str, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookError, match="set a secret in the forge") as caught:
        check_call(headers, BODY, secret)
    assert caught.value.status == 401


def test_a_body_that_is_too_large_is_not_looked_at(secret: str) -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)
    with pytest.raises(WebhookError, match="larger than 1 MiB") as caught:
        check_call({"X-Hub-Signature-256": "sha256=" + digest(body)}, body, secret)
    assert caught.value.status == 413
    assert check_call({"X-Hub-Signature-256": "sha256=" + digest(body[1:])}, body[1:], secret)


def test_a_secret_is_read_at_each_call_and_an_empty_one_opens_nothing(secret: str, tmp_path: Path) -> None:
    (tmp_path / "hook").write_bytes(b"new")
    assert check_call({"X-Gitlab-Token": "new"}, BODY, secret)
    for content in (b"", b"\n", b"\r\n"):
        (tmp_path / "hook").write_bytes(content)
        with pytest.raises(WebhookError, match="cannot be read here"):
            check_call({"X-Gitlab-Token": ""}, BODY, secret)
    (tmp_path / "hook").unlink()
    with pytest.raises(WebhookError, match="cannot be read here") as caught:
        check_call({"X-Gitlab-Token": ""}, BODY, secret)
    assert caught.value.status == 503
    assert secret not in str(caught.value)
