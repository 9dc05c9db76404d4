"""Webhooks against a real server: what is taken, what is tried again and when, what is refused; no secret in a message."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from http_receiver import Receiver, receiving
from sink_doubles import lines, numbers, until

from policyd.sinks.http import Address, retry_after
from policyd.sinks.outlet import Outlet
from policyd.sinks.sink import SinkError
from policyd.sinks.webhook import WebhookSink


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize("compress", [False, True])
def test_a_batch_is_one_request_of_json_lines(receiver: Receiver, compress: bool) -> None:
    sink = WebhookSink(Address(f"{receiver.url}/hook?to=1", compress=compress))
    sink.write([lines(1, 2), lines(3)])
    (post,) = receiver.posts
    assert (post.path, post.headers["Content-Type"]) == ("/hook?to=1", "application/x-ndjson")
    assert ("Content-Encoding" in post.headers) is compress
    assert numbers(post.body) == [1, 2, 3]
    sink.close()


def test_a_batch_can_be_one_array(receiver: Receiver) -> None:
    sink = WebhookSink(Address(receiver.url), form="array")
    sink.write([lines(1, text="a\nb"), lines(2)])
    assert receiver.posts[0].headers["Content-Type"] == "application/json"
    assert [event["fields"]["number"] for event in json.loads(receiver.bodies[0])] == [1, 2]
    sink.close()


def test_the_same_batch_has_the_same_key_each_time_and_another_one_another(receiver: Receiver) -> None:
    receiver.answers = [(503, {}, b"")]
    sink = WebhookSink(Address(receiver.url))
    with pytest.raises(SinkError):
        sink.write([lines(1)])
    sink.write([lines(1)])
    sink.write([lines(2)])
    first, again, other = (post.headers["Idempotency-Key"] for post in receiver.posts)
    assert first == again != other
    sink.close()


def test_headers_come_from_files_which_are_read_each_time(receiver: Receiver, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("Bearer one\n")
    sink = WebhookSink(Address(receiver.url, (("Authorization", str(token)),)))
    sink.write([lines(1)])
    token.write_text("Bearer two\n")
    sink.write([lines(2)])
    assert [post.headers["Authorization"] for post in receiver.posts] == ["Bearer one", "Bearer two"]
    token.write_text("one\nX-Injected: two")
    with pytest.raises(SinkError, match=r"header Authorization: .*: expected one line"):
        sink.write([lines(3)])
    token.unlink()
    with pytest.raises(SinkError, match="No such file"):
        sink.write([lines(3)])
    assert len(receiver.posts) == 2
    sink.close()


def test_a_server_that_does_not_listen_is_told_in_few_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sink = WebhookSink(Address(f"http://127.0.0.1:{port}"))
    with pytest.raises(SinkError, match=rf"^http://127\.0\.0\.1:{port}: Connection refused$"):
        sink.write([lines(1)])
    sink.close()


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_what_may_be_mended_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"Retry-After": "7"}, b"later \x1b[31m")]
    sink = WebhookSink(Address(receiver.url))
    with pytest.raises(SinkError, match=rf"{status} .*later \\x1b\[31m") as caught:
        sink.write([lines(1)])
    assert (caught.value.transient, caught.value.retry_after) == (True, 7.0)
    sink.close()


REFUSED = [(400, "Bad Request"), (404, "is the path right"), (413, "batches are too large")]


@pytest.mark.parametrize(("status", "hint"), REFUSED)
def test_what_would_be_refused_again_is_not_tried_again(receiver: Receiver, status: int, hint: str) -> None:
    receiver.answers = [(status, {}, b"")]
    sink = WebhookSink(Address(receiver.url))
    with pytest.raises(SinkError, match=hint) as caught:
        sink.write([lines(1)])
    assert not caught.value.transient
    sink.close()


def test_redirections_are_not_followed(receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": f"{receiver.url}/elsewhere"}, b"")]
    sink = WebhookSink(Address(receiver.url))
    with pytest.raises(SinkError, match="redirections are not followed") as caught:
        sink.write([lines(1)])
    assert not caught.value.transient
    assert len(receiver.posts) == 1
    sink.close()


def test_messages_hold_neither_query_nor_user() -> None:
    address = Address("https://user:word@collector.example:1/hook?token=secret#x")
    assert address.where == "https://collector.example:1/hook"


def test_a_server_whom_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *words.split(), "-keyout", both, "-out", tmp_path / "ca.pem"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(both.read_text() + (tmp_path / "ca.pem").read_text())
    with receiving(both) as receiver:
        stranger = WebhookSink(Address(receiver.url))
        with pytest.raises(SinkError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            stranger.write([lines(1)])
        assert caught.value.transient  # the queue holds until somebody has put it right
        known = WebhookSink(Address(receiver.url, ca_file=str(tmp_path / "ca.pem")))
        assert known.write([lines(2)]) == 0
        assert [numbers(body) for body in receiver.bodies] == [[2]]
        for sink in (stranger, known):
            sink.close()


def test_who_does_not_answer_costs_the_time_limit(receiver: Receiver) -> None:
    receiver.silent = True
    sink = WebhookSink(Address(receiver.url, timeout=0.1))
    with pytest.raises(SinkError, match=r"(?i)timed out") as caught:
        sink.write([lines(1)])
    assert caught.value.transient
    sink.close()


def test_who_does_not_listen_is_tried_again_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    sink = WebhookSink(Address(f"http://127.0.0.1:{port}"))
    with pytest.raises(SinkError, match=rf"http://127.0.0.1:{port}: .*refused") as caught:
        sink.write([lines(1)])
    assert caught.value.transient
    assert "0x" not in str(caught.value)
    sink.close()


def test_a_long_answer_is_not_waited_for(receiver: Receiver) -> None:
    receiver.answers = [(200, {}, b"x" * (4 << 20))]
    sink = WebhookSink(Address(receiver.url))
    assert sink.write([lines(1)]) == 0
    assert sink.write([lines(2)]) == 0
    sink.close()


def test_an_outlet_waits_as_long_as_it_is_asked_to_and_then_loses_nothing(receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "1"}, b""), (500, {}, b"")]
    outlet = Outlet("hook", WebhookSink(Address(receiver.url), batch=2))
    began = time.monotonic()
    outlet.start()
    outlet.offer(lines(1, 2, 3, 4, 5))
    until(lambda: outlet.status().sent == 5)
    assert time.monotonic() - began >= 1.0
    outlet.stop(5)
    sent = [numbers(body) for body in receiver.bodies]
    assert sent == [[1, 2], [1, 2], [1, 2], [3, 4], [5]]
    assert outlet.status().retries == 2


def test_retry_after_is_seconds_or_a_date_and_nonsense_is_nothing() -> None:
    assert retry_after(" 12 ") == 12.0
    assert 50 < retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
    assert [retry_after(text) for text in ("", "soon", "-3", "1e9", "٣x")] == [0.0] * 5
