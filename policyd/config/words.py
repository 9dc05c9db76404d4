"""The kinds of text in the agent's configuration, as pydantic types: paths, times, sizes, URLs, patterns.

As in `policyd.words`: an error's type is the problem's code, its context has the message and the hint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

from policyd.config.address import Listen, SyslogAddress, is_socket_path, parse_listen, parse_syslog
from policyd.text import is_safe, quote
from policyd.vocabulary.quantities import parse_duration, parse_integer, parse_size, show_duration, show_size
from policyd.words import wrong

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATH = 4096
MAX_URL = 2048
MAX_PATTERN = 256
_DAY = 86400
_COMMIT = r"[0-9a-f]{40}([0-9a-f]{24})?"
_GLOB = r"[a-z0-9*?\[\]!-]+"
_FIELD_GLOB = r"[A-Za-z0-9_.*?\[\]!-]+"
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
_BAD_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[-./]|[./]$|^@$")
"""What git-check-ref-format(1) refuses, and a `-` or `.` in front."""


# ------------------------------------------------------------------------------------------------ times, sizes, counts


def _seconds(least: float, most: float, *, zero: bool = False) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            found = parse_duration(value) / 1e9
        except ValueError as error:
            raise wrong("bad-duration", f"{quote(value)} is no duration: expected {error}") from None
        if value.strip().isdigit() and found:
            raise wrong("bad-duration", f"{quote(value)} has no unit", f"use `{value.strip()}s` for seconds")
        if not (least <= found <= most or (zero and not found)):
            low, high = show_duration(int(least * 1e9)), show_duration(int(most * 1e9))
            off = "0, or " if zero else ""
            raise wrong("bad-duration", f"{quote(value)} is out of range: {off}from {low} to {high}")
        return found

    return check


def _bytes(least: int, most: int) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            found = parse_size(value)
        except ValueError as error:
            raise wrong("bad-size", f"{quote(value)} is no size: expected {error}") from None
        if not least <= found <= most:
            raise wrong("bad-size", f"{quote(value)} is out of range: from {show_size(least)} to {show_size(most)}")
        return found

    return check


def _count(least: int, most: int) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            found = parse_integer(value)
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            raise wrong("bad-count", f"{quote(value)} is no number from {least:,} to {most:,}")
        return found

    return check


# ------------------------------------------------------------------------------------------------ paths and names


def _path(text: str) -> str:
    if text.startswith("/") and len(text) <= MAX_PATH and is_safe(text) and ".." not in text.split("/"):
        return text
    hint = f"use `/{text}`" if is_safe(text) and re.match(r"(etc|run|var)/", text) and ".." not in text else ""
    raise wrong("bad-path", f"{quote(text, 200)} is no absolute path without `..`", hint)


def _secret_file(text: str) -> str:
    if not text.startswith("/"):  # it may be the secret itself: it is not shown
        raise wrong("bad-path", "a secret is given by the absolute path of a file that holds it", "as /run/secrets/token")
    return _path(text)


def _socket_path(text: str) -> str:
    if is_socket_path(_path(text)):
        return text
    raise wrong("bad-path", f"{quote(text, 200)} cannot be a socket's path: at most 107 bytes, no `/` at the end")


def _relative_path(text: str) -> str:
    parts = text.split("/")
    if not text or (len(text) <= MAX_PATH and is_safe(text) and not {"", "..", ".git"} & set(parts)):
        return text
    hint = f"use `{text.strip('/')}`" if text.strip("/") and ".." not in parts and is_safe(text) else ""
    raise wrong("bad-path", f"{quote(text, 200)} is no folder below the repository's root, without `..`", hint)


def _ref_name(text: str) -> str:
    if text and len(text) <= MAX_PATTERN and is_safe(text) and not _BAD_IN_REF.search(text):
        return text
    raise wrong("bad-ref", f"{quote(text)} is no name of a branch or tag (git check-ref-format)")


def _commit(text: str) -> str:
    if re.fullmatch(_COMMIT, text):
        return text
    hint = "write it in full: `git rev-parse` shows it" if re.fullmatch(r"[0-9a-fA-F]{4,64}", text) else ""
    raise wrong("bad-ref", f"{quote(text)} is no commit: 40 small hexadecimal digits", hint)


def _name_glob(text: str) -> str:
    if len(text) <= MAX_PATTERN and re.fullmatch(_GLOB, text):
        return text
    message = f"{quote(text)} fits no policy's name: small letters, digits, `-`, and globs (`* ? […]`)"
    raise wrong("bad-pattern", message)


def _field_glob(text: str) -> str:
    if len(text) <= MAX_PATTERN and re.fullmatch(_FIELD_GLOB, text):
        return text
    raise wrong("bad-pattern", f"{quote(text)} fits no field: names with dots, as `process.args`, and globs (`* ? […]`)")


def _header(text: str) -> str:
    if re.fullmatch(_HEADER, text):
        return text
    raise wrong("bad-name", f"{quote(text)} is no name of an HTTP header (RFC 9110, token)")


# ------------------------------------------------------------------------------------------------ URLs and addresses


def _http_url(text: str) -> str:
    _url(text, ("https", "http"), "https://collector.example/path")
    return text


def _git_url(text: str) -> str:
    if re.match(r"[\w.-]+@[\w.-]+:(?!//)", text) and is_safe(text):
        user_host, _, path = text.partition(":")
        raise wrong("bad-url", f"{quote(text, 200)} is no URL", f"use `ssh://{user_host}/{path.lstrip('/')}`")
    if text.startswith("http:"):
        hint = f"use `https{text[4:200]}`" if is_safe(text) and "@" not in text else ""
        raise wrong("bad-url", "policies are not fetched over plain http: anybody on the way could change them", hint)
    _url(text, ("https", "ssh", "file"), "https://host/repository.git, ssh://git@host/repository.git or file:///path")
    return text


def _url(text: str, schemes: tuple[str, ...], example: str) -> None:
    """Check a URL: a known scheme, a host (`file`: a path), and nothing that should be in a secret's file."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong("bad-url", "this is no URL", f"as {example}") from None
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise wrong("bad-url", "a URL holds no user and no password: they go into files that only root can read")
    plain = len(text) <= MAX_URL and is_safe(text) and " " not in text and not parts.fragment
    place = (parts.path.startswith("/") and not host) if parts.scheme == "file" else bool(host)
    if parts.scheme not in schemes or not plain or not place or (host or "").startswith("-"):
        raise wrong("bad-url", f"{quote(text, 200)} is no URL that can be used here", f"as {example}")


def _address(parse: Callable[[str], Any]) -> Callable[[object], Any]:
    def check(value: object) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except ValueError as error:
            raise wrong("bad-address", f"{quote(value, 200)} is no address: expected {error}") from None

    return check


# ------------------------------------------------------------------------------------------------ the types


def _kind(title: str, pattern: str = "", longest: int = MAX_PATTERN, **schema: object) -> WithJsonSchema:
    """Return what editors and the reference page are told of a kind of text; `title` names it."""
    text: dict[str, object] = {"type": "string", "maxLength": longest}
    return WithJsonSchema({"title": title, **(schema or text), **({"pattern": f"^{pattern}$"} if pattern else {})})


_SCALAR = ["string", "integer"]
_TIME = r"([0-9.]+(ns|us|µs|ms|s|m|h|d))+"
_DURATION = _kind("duration", _TIME)
_OPTIONAL_DURATION = _kind("duration or `0`", anyOf=[{"type": "string", "pattern": f"^(0|{_TIME})$"}, {"const": 0}])
_SIZE = _kind("size", r"[0-9.]+(Ki|Mi|Gi|Ti|k|M|G|T)?", type=_SCALAR)
_NUMBER = _kind("number", type="integer")

Interval = Annotated[float, BeforeValidator(_seconds(0.1, 7 * _DAY)), _DURATION]
"""Seconds; in the file a duration with a unit."""
OptionalInterval = Annotated[float, BeforeValidator(_seconds(0.1, _DAY, zero=True)), _OPTIONAL_DURATION]
Timeout = Annotated[float, BeforeValidator(_seconds(0.1, 600)), _DURATION]
FileBytes = Annotated[int, BeforeValidator(_bytes(4096, 1 << 40)), _SIZE]
Kept = Annotated[int, BeforeValidator(_count(0, 1000)), _NUMBER]
QueueLength = Annotated[int, BeforeValidator(_count(1, 1 << 22)), _NUMBER]
BatchLength = Annotated[int, BeforeValidator(_count(1, 10_000)), _NUMBER]
AbsolutePath = Annotated[str, AfterValidator(_path), _kind("path", "/.*", MAX_PATH)]
SecretFile = Annotated[str, AfterValidator(_secret_file), _kind("path of a secret", "/.*", MAX_PATH)]
SocketPath = Annotated[str, AfterValidator(_socket_path), _kind("path", "/.*", MAX_PATH)]
RelativePath = Annotated[str, AfterValidator(_relative_path), _kind("relative path", longest=MAX_PATH)]
RefName = Annotated[str, AfterValidator(_ref_name), _kind("name")]
CommitId = Annotated[str, AfterValidator(_commit), _kind("commit", _COMMIT)]
NameGlob = Annotated[str, AfterValidator(_name_glob), _kind("glob", _GLOB)]
FieldGlob = Annotated[str, AfterValidator(_field_glob), _kind("glob", _FIELD_GLOB)]
HeaderName = Annotated[str, AfterValidator(_header), _kind("header", _HEADER)]
HttpUrl = Annotated[str, AfterValidator(_http_url), _kind("URL", "https?://.*", MAX_URL)]
GitUrl = Annotated[str, AfterValidator(_git_url), _kind("URL", "(https|ssh|file)://.*", MAX_URL)]
ListenAddress = Annotated[Listen, PlainValidator(_address(parse_listen)), _kind("address", "(unix:/|http://).*", MAX_URL)]
SyslogPlace = Annotated[
    SyslogAddress, PlainValidator(_address(parse_syslog)), _kind("address", "(/|udp://|tcp://).*", MAX_URL)
]
