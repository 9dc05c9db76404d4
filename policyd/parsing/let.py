"""A rule's `let`: names for values, each of which is an expression, whatever form it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar
from policyd.expression import FUNCTIONS, ExpressionError, Name, parse, walk
from policyd.parsing.reader import short, with_name
from policyd.policy import Let
from policyd.text import quote
from policyd.vocabulary.fields import FIELD_ROOTS
from policyd.words import is_field_path

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

_FORMS = ("expr", "field", "table", "firstOf")
_KEYS = (*_FORMS, "as", "key")
_EXAMPLE = "as {mib: args.count / 1048576}"


def read_let(keys: Keys) -> tuple[Let, ...] | None:
    """Return the names of a rule, in order; None if there are none or some are bad."""
    node = keys.get("let")
    if node is None:
        return None
    if not isinstance(node, Mapping):
        keys.reader.wrong_type(node, keys.below("let"), "a mapping of names to expressions", _EXAMPLE)
        return keys.note("let", node, None)
    read = [_let(keys.reader, name, value, keys.below("let")) for name, value in node.items]
    found = tuple(let for let in read if let is not None)
    good = len(found) == len(read) and _in_order(keys.reader, found, node, keys.below("let"))
    return keys.note("let", node, found if good else None)


def _let(reader: Reader, name: Scalar, node: Node, path: Path) -> Let | None:
    below = (*path, name.text)
    long = isinstance(node, Mapping)
    what = "a value of `let`"
    keys = reader.keys(node, below, what, _KEYS) if long else short(reader, node, "expr", below, what)
    if keys is None or not _name_is_free(reader, name, below):
        return None
    forms = [form for form in _FORMS if keys.has(form)]
    if len(forms) != 1:
        if not keys.misspelled:
            message = f"{what} has one of {', '.join(f'`{form}`' for form in _FORMS)}"
            reader.report("conflicting-keys", message, keys.node, keys.path, _EXAMPLE)
        return None
    text = _text(keys, forms[0])
    if text is None and keys.bad:
        return None
    return reader.build(Let, with_name(keys, name), {"name": name.text, "value": text}, {"value": forms[0]})


def _name_is_free(reader: Reader, name: Scalar, path: Path) -> bool:
    if name.text not in FIELD_ROOTS and name.text not in {*FUNCTIONS, "true", "false", "in"}:
        return True
    what = "fields begin with it" if name.text in FIELD_ROOTS else "expressions have it"
    reader.report("name-taken", f"{quote(name.text)} cannot be a name of `let`: {what}", name, path, "give it another")
    return False


def _text(keys: Keys, form: str) -> str | None:
    """Return the expression that the form stands for."""
    if form == "firstOf":
        paths = keys.texts(form)
        return keys.note(form, keys.get(form), f"first({', '.join(paths)})" if paths else None)
    text = keys.text(form)
    if form == "table":
        given = keys.texts("key")
        if given is None and not keys.bad:
            keys.missing("key", "as {table: owners, key: [args.sk]}")
        return f"{text}[{', '.join(given)}]" if text and given else None
    if keys.has("as") and text:
        as_type = keys.text("as")
        inner = text if is_field_path(text) else f"({text})"
        return f"{inner}.as({as_type})" if as_type else None
    return text


def _in_order(reader: Reader, lets: tuple[Let, ...], node: Mapping, path: Path) -> bool:
    """Tell whether each name uses only those before it; report those that do not."""
    places = {name.text: name for name, _ in node.items}
    names = list(places)
    good = True
    for number, let in enumerate(lets):
        later = words_of(let.value) & set(names[number:])
        for word in sorted(later):
            what = "itself" if word == let.name else f"{quote(word)}, which comes after it"
            hint = "" if word == let.name else f"put {quote(word)} first; two names that need each other have no value"
            reader.report("let-order", f"{quote(let.name)} uses {what}", places[let.name], (*path, let.name), hint)
            good = False
    return good


def words_of(text: str) -> set[str]:
    """Return the words of an expression that may be names of `let`."""
    try:
        return {part.name for part in walk(parse(text)) if isinstance(part, Name)}
    except ExpressionError:  # which has been reported
        return set()
