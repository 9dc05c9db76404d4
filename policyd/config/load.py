"""A file (and what the command line adds to it) becomes an `AgentConfig`, or every problem of it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policyd.config import sense
from policyd.config.codes import ALL_CODES
from policyd.config.model import AgentConfig, AgentSpec
from policyd.config.options import ORIGIN, Options, overlay, told
from policyd.config.reading import read_part
from policyd.document import Document, Mapping, Node, Scalar, compose
from policyd.errors import ConfigError, Position, Problem, UsageError
from policyd.files import read
from policyd.parsing.envelope import is_kind, read_metadata
from policyd.parsing.reader import Reader
from policyd.policy import API_VERSION

if TYPE_CHECKING:
    from policyd.parsing.reader import Keys

KIND = "Agent"
_FIRST = Position("", 0, 0)


def load_config(path: str, options: Options | None = None) -> AgentConfig:
    """Return what the file `path` (`-`: standard input) says; a key that `options` gives replaces the file's.

    Raises `ConfigError` with all problems of the file, `UsageError` if there are only such of the options.
    """
    files, problems = read([path])
    if len(files) == 1:
        documents, found = compose(files[0].data, files[0].name)
        problems += found or tuple(_not_one(documents, files[0].name))
    else:
        documents = ()
        problems = problems or (Problem("no-files", f"{path}: a file is wanted here, not a folder"),)
    if problems:
        raise ConfigError([replace(problem, severity="error") for problem in problems])
    return read_config(documents[0], options or Options())


def parse_config(data: bytes, file: str) -> AgentConfig:
    """Return what the bytes of a file say; `ConfigError`."""
    documents, problems = compose(data, file)
    problems = problems or tuple(_not_one(documents, file))
    if problems:
        raise ConfigError(problems)
    return read_config(documents[0], Options())


def from_options(options: Options) -> AgentConfig:
    """Return what the command line says without a file; `UsageError`."""
    words = {"apiVersion": API_VERSION, "kind": KIND}
    place = Position(f"{ORIGIN}policyd run", 1, 1)
    items: list[tuple[Scalar, Node]] = [(_scalar(key, place), _scalar(text, place)) for key, text in words.items()]
    name = Mapping(((_scalar("name", place), _scalar("agent", place)),), place)
    items += [(_scalar("metadata", place), name), (_scalar("spec", place), Mapping((), place))]
    return read_config(Document(Mapping(tuple(items), place), ""), options)


def read_config(document: Document, options: Options) -> AgentConfig:
    """Return the configuration of one document; `ConfigError`, `UsageError`."""
    reader = Reader(codes=ALL_CODES)
    root = overlay(document.root, options)
    values = _values(reader, root)
    problems = [told(problem) for problem in sorted(reader.problems, key=lambda problem: problem.position or _FIRST)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors and all(problem.position is None for problem in errors):
        raise UsageError("; ".join(problem.message + f" ({problem.hint})" * bool(problem.hint) for problem in errors))
    if errors or values is None:
        raise ConfigError(problems)
    return AgentConfig(**values, source=document.file, warnings=tuple(problems))


def _scalar(text: str, place: Position) -> Scalar:
    return Scalar(text, quoted=True, position=place)


def _not_one(documents: tuple[Document, ...], file: str) -> list[Problem]:
    """Return the problem of a file that does not hold exactly one document."""
    if not documents:
        return [Problem("empty-file", f"there is no document in `{file}`", Position(file, 1, 1))]
    if len(documents) > 1:
        hint = "an agent has one configuration: use one file"
        return [Problem("many-documents", "a second document", documents[1].root.position, hint=hint)]
    return []


def _values(reader: Reader, root: Node) -> dict[str, Any] | None:
    """Return the fields of the whole configuration; None if there is an error, which the reader has."""
    envelope = ("apiVersion", "kind", "metadata", "spec")
    keys = reader.keys(root, (), "a configuration", envelope, hint=f"it begins with `apiVersion: {API_VERSION}`")
    if keys is None or not is_kind(reader, keys, KIND, ()):
        return None
    metadata, spec = read_metadata(reader, keys), _spec(reader, keys)
    if metadata is None or spec is None:
        return None
    sense.check(reader, root, spec)
    given = {name: getattr(spec, name) for name in type(spec).model_fields}
    return {**{name: value for name, value in metadata.items() if value is not None}, **given}


def _spec(reader: Reader, keys: Keys) -> AgentSpec | None:
    node = keys.get("spec")
    if node is None:
        keys.missing("spec")
        return None
    return read_part(reader, AgentSpec, node, keys.below("spec"))
