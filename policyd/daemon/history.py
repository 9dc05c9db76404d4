"""What is pinned for each source below `sources/`: its record, and the bytes of the revisions that ran last.

In: the reconciler's news of a source.  Out: the same after a restart: the high-water mark, what runs, what can be gone
back to.  The bytes of a revision are pinned by digest, so a revision that comes back is the same pin.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from policyd.errors import KernelError
from policyd.health import RevisionRow  # noqa: TC001 (msgspec reads the annotations of records)
from policyd.record import MAX_RECORD_BYTES, find_record, write_record
from policyd.sources.source import MAX_BUNDLE_BYTES, Bundle, BundleFile, Mark, make_bundle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.kernel.port import Kernel

SOURCES = "sources"
KEPT = 5
"""How many revisions that ran are kept, and how many that did not."""

RAN = frozenset({"applied", "partial", "rolled-back"})


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What must outlive the agent.  `revision`, `digest` and `signer` are of what runs; `history` begins with the newest."""

    name: str
    mark: Mark = field(default_factory=Mark)
    suspended: bool = False
    revision: str = ""
    digest: str = ""
    signer: str = ""
    policies: tuple[str, ...] = ()
    applied: float = 0.0
    history: tuple[RevisionRow, ...] = ()
    schema: int = 1

    def with_row(self, row: RevisionRow) -> SourceRecord:
        """Return the record with one more row; trying a revision again replaces its row, and old rows fall away."""
        older = self.history[1:] if self.history and _same(self.history[0], row) else self.history
        rows = (row, *older)
        ran = [row for row in rows if row.outcome in RAN][:KEPT]
        others = [row for row in rows if row.outcome not in RAN][:KEPT]
        return replace(self, history=tuple(kept for kept in rows if kept in ran or kept in others))

    @property
    def revisions(self) -> tuple[RevisionRow, ...]:
        """The revisions that can be gone back to, newest first, each digest once."""
        by_digest = {row.digest: row for row in reversed(self.history) if row.outcome in RAN and row.digest}
        return tuple(row for row in self.history if by_digest.get(row.digest) is row)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A revision: what is known of it, and its files as zlib of MessagePack."""

    digest: str
    data: bytes
    signer: str = ""
    commit: str = ""
    order: int = 0
    schema: int = 1


def _same(row: RevisionRow, other: RevisionRow) -> bool:
    return (row.revision, row.digest) == (other.revision, other.digest)


def source_path(name: str, *parts: str) -> str:
    """Return a path below a source's directory, relative to the bpffs root."""
    return "/".join((SOURCES, f"source-{hashlib.sha256(name.encode()).hexdigest()[:12]}", *parts))


def _pin(digest: str) -> str:
    return f"revision-{digest[:12]}"


class History:
    """Reads and writes the pins of sources."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def load(self, name: str) -> SourceRecord:
        """Return a source's record; a new one if there is none that is understood."""
        found = find_record(self.kernel, source_path(name, "record"), SourceRecord).record
        return found if found is not None and found.name == name else SourceRecord(name)

    def all(self) -> tuple[SourceRecord, ...]:
        """Return the records of all sources that ever ran here, configured or not."""
        paths = (f"{SOURCES}/{directory}/record" for directory in self.kernel.list(SOURCES))
        found = (find_record(self.kernel, path, SourceRecord).record for path in paths)
        return tuple(record for record in found if record is not None)

    def save(self, record: SourceRecord, bundle: Bundle | None = None) -> str:
        """Pin the record, and the bytes of `bundle` beside it; return why a revision cannot be kept, or nothing."""
        self.kernel.make_directory(source_path(record.name))
        problem = self._keep(record.name, bundle) if bundle is not None else ""
        write_record(self.kernel, source_path(record.name, "record"), record)
        wanted = {"record", *(_pin(row.digest) for row in record.history if row.outcome in RAN)}
        for pin in self.kernel.list(source_path(record.name)):
            if pin not in wanted:
                self.kernel.unpin(source_path(record.name, pin))
        return problem

    def _keep(self, name: str, bundle: Bundle) -> str:
        path = source_path(name, _pin(bundle.digest))
        if self.kernel.exists(path):
            return ""
        files = [(file.name.encode("utf-8", "surrogateescape"), file.data) for file in bundle.files]
        data = zlib.compress(msgspec.msgpack.encode(files))
        packed = _Packed(bundle.digest, data, bundle.signer, bundle.commit, bundle.order)
        if len(data) * 4 // 3 > MAX_RECORD_BYTES - 4096:
            return "the revision is too large to be kept: it cannot be gone back to"
        try:
            write_record(self.kernel, path, packed)
        except KernelError as error:
            return f"the revision is not kept, it cannot be gone back to: {error}"
        return ""

    def bundle(self, record: SourceRecord, digest: str) -> Bundle | None:
        """Return a kept revision, its bytes checked against its digest; None if it is not there."""
        packed = find_record(self.kernel, source_path(record.name, _pin(digest)), _Packed).record
        if packed is None:
            return None
        files = _unpack(packed.data)
        if files is None:
            return None
        row = next((row for row in record.history if row.digest == digest), None)
        facts = {"signer": packed.signer, "commit": packed.commit, "order": packed.order}
        bundle = make_bundle(files, row.revision if row else "", **facts)
        return bundle if bundle.digest == digest == packed.digest else None

    def forget(self, names: Iterable[str]) -> None:
        """Unpin all of some sources."""
        for name in names:
            self.kernel.remove_tree(source_path(name))


def _unpack(data: bytes) -> list[BundleFile] | None:
    limit = 2 * MAX_BUNDLE_BYTES
    try:
        opened = zlib.decompressobj()
        plain = opened.decompress(data, limit)
        pairs = msgspec.msgpack.decode(plain, type=list[tuple[bytes, bytes]])
    except (zlib.error, msgspec.MsgspecError):
        return None
    return [BundleFile(name.decode("utf-8", "surrogateescape"), content) for name, content in pairs]


def outcome_of(left_out: int, given: int, same: bool) -> Literal["applied", "partial", "failed"]:
    """Return what became of a revision by how many of its policies were left out, and whether what ran is the `same`.

    `failed` means that none of it fitted, and that what ran goes on, all of it.
    """
    if not left_out:
        return "applied"
    return "failed" if left_out >= given and same else "partial"
