"""Saved targets: one gzip file of JSON, with the BTF, all tracepoint formats, the features that trying found, and the names
of functions that can be traced.

`doctor --save-profile` writes one on the machine that policies are meant for; `--target FILE` reads it elsewhere.  What is
read is checked as a whole (a digest) and by type before anything else sees it; a profile is data: nothing in it is ever run.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.errors import UsageError
from policyd.vocabulary.constants import ARCHITECTURES

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 2
_LIMIT = 256 << 20  # bytes of JSON: a profile of 6.18 has about 10 MB


@dataclass(frozen=True, slots=True)
class Profile:
    """A kernel on paper.  `formats` are raw texts by `system/event`, `btf` the bytes of /sys/kernel/btf/vmlinux.

    `traceable` and `injectable` are lists of functions (`policyd.functions.FunctionLists`); None: the kernel did not tell.
    """

    arch: str
    release: str
    features: dict[str, bool | str]
    btf: bytes
    formats: dict[str, str]
    traceable: frozenset[str] | None = None
    injectable: frozenset[str] | None = None


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile, whole or not at all; the same profile gives the same bytes."""
    body = {
        "arch": profile.arch,
        "release": profile.release,
        "features": profile.features,
        "btf": base64.b64encode(profile.btf).decode(),
        "formats": profile.formats,
        "traceable": _sorted(profile.traceable),
        "injectable": _sorted(profile.injectable),
    }
    document = {"policydProfile": VERSION, "digest": _digest(body), **body}
    data = gzip.compress(json.dumps(document, sort_keys=True).encode(), mtime=0)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"cannot write the profile {path}: {error.strerror}") from error


def read_profile(path: Path) -> Profile:
    """Read a profile; `UsageError` says what is wrong with the file."""
    try:
        document = json.loads(_unpacked(path))
    except (gzip.BadGzipFile, ValueError, EOFError, zlib.error, RecursionError) as error:
        raise _broken(path, "it is not gzipped JSON") from error
    except OSError as error:
        raise UsageError(f"cannot read the profile {path}: {error.strerror or error}") from error
    if not isinstance(document, dict) or "policydProfile" not in document:
        raise _broken(path, "it is not a profile of policyd")
    version = document.pop("policydProfile")
    if version != VERSION:
        age = "an older" if isinstance(version, int) and version < VERSION else "a newer"
        raise _broken(path, f"it was written by {age} policyd")
    digest = document.pop("digest", "")
    if digest != _digest(document):
        raise _broken(path, "its digest does not fit: it was cut or changed")
    return _checked(path, document)


def _unpacked(path: Path) -> bytes:
    with gzip.open(path) as file:
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise ValueError("too large")
    return data


def _checked(path: Path, document: dict[str, Any]) -> Profile:
    features, formats = document.get("features"), document.get("formats")
    texts_fit = isinstance(formats, dict) and all(isinstance(text, str) for text in formats.values())
    features_fit = isinstance(features, dict) and all(isinstance(value, bool | str) for value in features.values())
    if not texts_fit or not features_fit or not isinstance(document.get("release"), str):
        raise _broken(path, "it lacks what a profile has")
    if document.get("arch") not in ARCHITECTURES:
        raise _broken(path, f"its architecture is none of {', '.join(ARCHITECTURES)}")
    try:
        btf = base64.b64decode(document.get("btf", ""), validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _broken(path, "its type information is not base64") from error
    lists = [_names(path, document.get(key)) for key in ("traceable", "injectable")]
    return Profile(document["arch"], document["release"], dict(features or {}), btf, dict(formats or {}), *lists)


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return sorted(names) if names is not None else None


def _names(path: Path, found: object) -> frozenset[str] | None:
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise _broken(path, "it lacks what a profile has")
    return frozenset(found)


def _broken(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is no usable profile: {why}; write one with `policyd doctor --save-profile FILE`")


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
