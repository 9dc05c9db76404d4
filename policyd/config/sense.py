"""What no key of the configuration can say alone: names that clash, sources that wait for each other, secrets in the open.

In: models whose parts know their place (`at`), and the document's root.  Out: problems in the `Reader`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from policyd.config.address import is_loopback
from policyd.document import Node, locate
from policyd.text import did_you_mean, one_of, quote

if TYPE_CHECKING:
    from policyd.config.model import AgentSpec, GitSource, Part, SourceConfig
    from policyd.errors import Path
    from policyd.parsing.reader import Reader

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Checker:
    """Reports problems at the places that models come from."""

    reader: Reader
    root: Node

    def report(self, code: str, message: str, path: Path, hint: str = "", level: Level = "error") -> None:
        self.reader.report(code, message, locate(self.root, path), path, hint, level)

    def where(self, path: Path) -> str:
        return str(locate(self.root, path).position)

    def unique(self, code: str, what: str, rows: Iterable[tuple[str, Path]], hint: str) -> None:
        """Report each row whose text was there before."""
        first: dict[str, Path] = {}
        for text, path in rows:
            if text in first:
                message = f"there are two {what} {quote(text, 200)}; the other is at {self.where(first[text])}"
                self.report(code, message, path, hint)
            first.setdefault(text, path)


def check(reader: Reader, root: Node, spec: AgentSpec) -> None:
    """Report everything that does not fit together."""
    checker = Checker(reader, root)
    for named, what in ((spec.sources, "sources"), (spec.sinks, "sinks")):
        rows = [(each.name, (*each.at, "name")) for each in named]
        checker.unique("duplicate-name", what, rows, "give each a name of its own")
    _check_dependencies(checker, spec.sources)
    for source in spec.sources:
        if source.git is not None:
            _check_git(checker, source.git)
    _check_listen(checker, spec)
    if spec.enrich.dns:
        hint = "remove it: addresses stay addresses"
        checker.report("not-yet", "names of addresses are not supported yet", (*spec.enrich.at, "dns"), hint)
    checker.unique("duplicate-path", "parts that write to", _written(spec), "give each a path of its own")
    _check_secrets(checker, spec)


# ------------------------------------------------------------------------------------------------ sources


def _check_dependencies(checker: Checker, sources: tuple[SourceConfig, ...]) -> None:
    known = {source.name: source for source in sources}
    for source in sources:
        for index, name in enumerate(source.depends_on):
            if name not in known:
                hint = did_you_mean(name, known) or f"sources: {one_of(known)}"
                path = (*source.at, "dependsOn", index)
                checker.report(
                    "unknown-source", f"source `{source.name}` depends on {quote(name)}, which is not there", path, hint
                )
    for cycle in _cycles(known):
        first, last = cycle[0], cycle[-1]
        way = " → ".join(f"`{name}`" for name in (*cycle, first))
        other = checker.where((*known[last].at, "dependsOn"))
        message = f"sources wait for each other: {way}; the last of these is at {other}"
        if first == last:
            message = f"source `{first}` waits for itself"
        checker.report("dependency-cycle", message, (*known[first].at, "dependsOn"), "remove one of these dependencies")


def _cycles(known: dict[str, SourceConfig]) -> Iterator[tuple[str, ...]]:
    """Yield each way that leads back to its beginning, once, beginning with the source that comes first."""
    done: set[str] = set()
    for start in known:
        way = [start]
        while way:
            onward = [name for name in known[way[-1]].depends_on if name in known and name not in done]
            back = next((name for name in onward if name in way), "")
            if back:
                yield tuple(way[way.index(back) :])
            if back or not onward:
                done.add(way.pop())
            else:
                way.append(onward[0])


def _check_git(checker: Checker, git: GitSource) -> None:
    given = [key for key in ("branch", "tag", "commit") if getattr(git.ref, key)]
    if len(given) > 1:
        names = " and ".join(f"`{key}`" for key in given)
        checker.report("conflicting-keys", f"a ref has one of `branch`, `tag` and `commit`; here are {names}", git.ref.at)
    if git.verify is not None:
        if not git.verify.keys:
            checker.report("missing-key", "`verify` needs at least one of `keys`", (*git.verify.at, "keys"))
        if git.verify.mode != "HEAD" and not git.ref.tag:
            message = f"`mode: {git.verify.mode}` looks at a tag's signature, and `ref` names no tag"
            checker.report("conflicting-keys", message, (*git.verify.at, "mode"), "use `ref: {tag: …}`, or `mode: HEAD`")
    _check_credentials(checker, git)


_LOGINS = {
    "https": (("username", "password"), ("token",)),
    "ssh": (("ssh_key", "known_hosts"),),
    "file": (),
}
"""Which fields of credentials belong together, by the scheme of the URL."""

_BESIDE = {"https": {"ca_file"}}
"""Fields that may stand beside these, or alone."""


def _check_credentials(checker: Checker, git: GitSource) -> None:
    found = git.credentials
    scheme = urlsplit(git.url).scheme
    if found is None:
        return
    given = {name for name in type(found).model_fields if name != "at" and getattr(found, name)}
    beside = _BESIDE.get(scheme, set())
    if given - beside in [set(way) for way in _LOGINS[scheme]] or (given and given <= beside):
        return
    spelled = {name: row.alias or name for name, row in type(found).model_fields.items()}
    ways = one_of(" with ".join(f"`{spelled[name]}`" for name in way) for way in _LOGINS[scheme])
    has = one_of(f"`{spelled[name]}`" for name in sorted(given)) or "nothing"
    wanted = f"the credentials for {scheme} are {ways}" if ways else f"a {scheme} URL needs no credentials"
    checker.report("conflicting-keys", f"{wanted}, here is {has}", found.at)


# ------------------------------------------------------------------------------------------------ places


def _check_listen(checker: Checker, spec: AgentSpec) -> None:
    rows = [(str(address), (*spec.at, "listen", index)) for index, address in enumerate(spec.listen)]
    checker.unique("duplicate-name", "addresses", rows, "name each once")
    for index, address in enumerate(spec.listen):
        if address.remote and not spec.allow_remote:
            message = f"other hosts can reach `{address}`: everybody there could read what this host does"
            hint = "use 127.0.0.1 or a Unix socket, or say `allowRemote: true`"
            checker.report("remote-listen", message, (*spec.at, "listen", index), hint)


def _written(spec: AgentSpec) -> Iterator[tuple[str, Path]]:
    """Yield every path that the agent makes or writes to."""
    for index, address in enumerate(spec.listen):
        if address.path and address not in spec.listen[:index]:
            yield address.path, (*spec.at, "listen", index)
    for sink in spec.sinks:
        for part in (sink.file, sink.socket, sink.spool):
            if part is not None:
                yield part.path.rstrip("/"), (*part.at, "path")


# ------------------------------------------------------------------------------------------------ secrets


def secret_files(part: Part) -> Iterator[tuple[str, Path]]:
    """Yield every file that holds a secret, at or below `part`, with the place that names it."""
    from policyd.config.model import Part as AnyPart  # noqa: PLC0415 (the models need none of this)

    for name, row in type(part).model_fields.items():
        value, path = getattr(part, name), (*part.at, row.alias or name)
        if name in part.secrets:
            pairs = value if isinstance(value, tuple) else ()
            yield from ((file, (*path, header)) for header, file in pairs)
            if isinstance(value, str) and value:
                yield value, path
        elif isinstance(value, AnyPart):
            yield from secret_files(value)
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, AnyPart):
                    yield from secret_files(item)


def _check_secrets(checker: Checker, spec: AgentSpec) -> None:
    for file, path in secret_files(spec):
        try:
            mode = FilePath(file).stat().st_mode
        except OSError as error:
            hint = "it is read when it is needed"
            checker.report("missing-secret", f"cannot read {quote(file, 200)}: {error.strerror}", path, hint, "warning")
        else:
            if mode & stat.S_IROTH:
                message = f"every user of this host can read the secret in {quote(file, 200)}"
                checker.report("readable-secret", message, path, f"use `chmod o= {file}`", "warning")
    for sink in spec.sinks:
        for part, url in ((sink.otlp, sink.otlp and sink.otlp.endpoint), (sink.webhook, sink.webhook and sink.webhook.url)):
            if part and part.headers and url and url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
                message = "the headers go over the network in clear text"
                checker.report("plain-secret", message, (*part.at, "headers"), "use an https URL", "warning")
