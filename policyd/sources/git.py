"""A folder of a git repository as a source: fetched by the `git` program, verified, and read from its objects.

The agent calls `fetch` at each interval, and `poke` when a forge or a person says that there is something new.
"""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.log import EVENT_STORE_REMADE, log
from policyd.sources.git_history import Freshness, check_fresh, remembered
from policyd.sources.git_objects import read_files, read_tip
from policyd.sources.git_remote import Ref, Remote, checked_path
from policyd.sources.git_run import Limits, Runner
from policyd.sources.git_secrets import opened_secrets
from policyd.sources.git_signature import Verifier
from policyd.sources.git_store import BrokenStoreError, Store, opened_folder
from policyd.sources.source import Bundle, Mark, SourceError, make_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policyd.config import model
    from policyd.sources.git_objects import Commit, Tag

STATE_FOLDER = Path("/var/lib/policyd/sources")
_JITTER = 0.1
_LEAST_SECONDS_BETWEEN_POKES = 1.0


class GitSource:
    """See `policyd.sources.source.Source`.  One fetch runs at a time; `poke` and `close` may be called from any thread."""

    kind = "git"

    def __init__(self, name: str, config: model.GitSource, state: Path = STATE_FOLDER, limits: Limits | None = None) -> None:
        """`state` is the folder that the repository's own folder, `name`, is made in.

        Raises `SourceError` for a URL, a ref or a path that git must not be given.
        """
        self.name, self.interval = name, config.interval
        self._config, self._folder, self._limits = config, state / name, limits or Limits()
        self._remote = Remote.of(config.url)
        self._ref, self._path = Ref.of(config.ref), checked_path(config.path)
        self.where = self._remote.where + (f" ({self._path})" if self._path else "")
        self._fetching = threading.Lock()
        self._poked = threading.Event()
        self._runner: Runner | None = None
        self._closed = False
        self._stale: tuple[tuple[str, Mark], str] | None = None

    def fetch(self, mark: Mark) -> Bundle:
        with self._fetching, opened_folder(self._folder) as folder:
            runner = self._runner = Runner(folder, self._limits)
            if self._closed:
                runner.stop()
            try:
                with opened_secrets(self._remote, self._config.credentials) as secrets:
                    return self._fetch(Store(runner, self._remote, secrets), remembered(folder, mark))
            finally:
                self._runner = None

    def close(self) -> None:
        """End a fetch that is under way, and let none begin: the agent stops."""
        self._closed = True
        if runner := self._runner:
            runner.stop()

    def poke(self) -> None:
        """Say that there may be something new: `watch` tells it at once, or a second after it was last told."""
        self._poked.set()

    @contextmanager
    def watch(self, changed: Callable[[], object]) -> Iterator[None]:
        ending = threading.Event()
        thread = threading.Thread(target=self._wait, args=(changed, ending), name=f"source {self.name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            self._poked.set()
            thread.join()

    def _wait(self, changed: Callable[[], object], ending: threading.Event) -> None:
        while not ending.is_set():
            self._poked.wait(self.interval * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 (not for secrets)
            self._poked.clear()
            if not ending.is_set():
                changed()
                ending.wait(min(_LEAST_SECONDS_BETWEEN_POKES, self.interval))

    def _fetch(self, store: Store, mark: Mark) -> Bundle:
        """A repository that cannot be read is made anew, once."""
        try:
            return self._attempt(store, mark)
        except BrokenStoreError as error:
            log(EVENT_STORE_REMADE, source=self.name, reason=str(error))
            store.remove()
        try:
            return self._attempt(store, mark)
        except BrokenStoreError as error:
            raise SourceError(f"git failed: {error}", transient=True) from None

    def _attempt(self, store: Store, mark: Mark) -> Bundle:
        seen = store.find(self._ref)
        tip = store.fetched()
        if tip != seen.oid:
            store.prepare(seen.oid)
            tip = store.fetch(self._ref, store.limits.depths[0] if mark.commit else 1)
        commit, tag = read_tip(store, tip)
        revision = _shown(seen.name, commit)
        rule = Freshness(self._ref, tip, mark, self._config.allow_older, strict=self._config.verify is not None)
        try:
            return self._accept(store, commit, tag, rule, revision)
        except SourceError as error:
            error.revision = revision
            raise

    def _accept(self, store: Store, commit: Commit, tag: Tag | None, rule: Freshness, revision: str) -> Bundle:
        """Verify and read one commit: from here on nothing but its id counts."""
        signer = ""
        if self._config.verify is not None:
            signer = Verifier(self._config.verify, store.runner, store.secrets).check(commit, tag, self._ref.name)
        said = self._place(store, commit, rule)
        files, left_out = read_files(store, commit, self._path)
        notes = (*([said] if said else ()), *left_out)
        return make_bundle(files, revision, signer=signer, order=commit.time, commit=commit.oid, notes=notes)

    def _place(self, store: Store, commit: Commit, rule: Freshness) -> str:
        """What was refused stays so until it or the mark is another: its history is not fetched at each interval."""
        if self._stale and self._stale[0] == (commit.oid, rule.mark):
            raise SourceError(self._stale[1], refused=True)
        try:
            return check_fresh(store, commit, rule)
        except SourceError as error:
            self._stale = ((commit.oid, rule.mark), str(error)) if error.refused else None
            raise


def _shown(name: str, commit: Commit) -> str:
    """Return the revision for people: `main@9f3c2d1 (2026-11-20)`."""
    try:
        day = datetime.fromtimestamp(commit.time, UTC).strftime(" (%Y-%m-%d)")
    except (OverflowError, ValueError, OSError):
        day = ""
    return f"{name}@{commit.oid[:7]}{day}"
