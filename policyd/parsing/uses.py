"""Which params and names of `let` the rules of a policy use, in filters and in expressions, and whether there are such."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.document import scalar_with
from policyd.expression import Binary, Blank, Call, Name, Node, parse, path_of, split, walk
from policyd.policy import AllOf, AnyOf, Expanded, Filter, Leaf, Not, Param, Policy, Rule
from policyd.text import did_you_mean, quote
from policyd.vocabulary.operators import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.errors import Path
    from policyd.parsing.reader import Reader
    from policyd.policy import ParamForm

_PARAMS = "params."
_NOUNS = {"list": "a list", "scalar": "a single value"}


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a param by `operator`, at `path` of the document.

    In an expression, it is the character `offset` of the `text` that stands at the path or below.
    """

    operator: str
    form: ParamForm
    path: Path
    text: str = ""
    offset: int = 0


def leaves(filters: Iterable[Filter]) -> Iterator[Leaf]:
    """Give every leaf of `filters`, at any depth."""
    for part in filters:
        if isinstance(part, Leaf):
            yield part
        elif isinstance(part, Not):
            yield from leaves((part.part,))
        elif isinstance(part, AllOf | AnyOf | Expanded):
            yield from leaves(part.parts)


def settled_params(reader: Reader, policy: Policy) -> tuple[Param, ...]:
    """Return the params in the forms that their values or uses give them; report uses that do not fit."""
    uses = _uses(policy)
    names = [param.name for param in policy.params]
    for name, using in uses.items():
        if name not in names and not reader.full:
            hint = did_you_mean(name, names) or "declare it under `spec.params`"
            path = using[0].path if using[0].text else (*using[0].path, "param")
            where = f" in policy `{policy.name}`, which uses this macro" if path[:2] == ("spec", "macros") else ""
            _report(reader, policy, "unknown-param", f"there is no param {quote(name)}{where}", path, hint, using[0])
    return tuple(_settle(reader, policy, param, uses[param.name]) for param in policy.params)


def check_lets(reader: Reader, policy: Policy) -> None:
    """Report names of `let` that tables have, and warn of those that nothing uses."""
    tables = {table.name for table in policy.tables}
    shared = {word for column in policy.event_fields for text in column.expressions() for word in _words(parse(text))}
    for rule in policy.rules:
        for let in (let for let in rule.let if let.name in tables):
            message = f"{quote(let.name)} cannot be a name of `let`: a table has it"
            reader.report("name-taken", message, policy.node(let.at), let.at, "give it another")
        used = shared | {word for text in _texts(rule) for word in _words(parse(text))}
        for let in rule.let:
            if let.name not in used and not reader.failed:
                message = f"nothing in rule `{rule.name}` uses `{let.name}`"
                reader.report("unused-let", message, policy.node(let.at), let.at, severity="warning")


def _settle(reader: Reader, policy: Policy, param: Param, uses: list[Use]) -> Param:
    """Return the param in the form that its value, or else its first use, gives it."""
    if not uses and not reader.failed:
        message = f"no filter uses the param `{param.name}`"
        reader.report("unused-param", message, policy.node(param.at), param.at, severity="warning")
    if not uses:
        return param
    form = param.form if "form" in param.model_fields_set else uses[0].form
    for use in uses:
        if use.form != form:
            message = f"`{use.operator}` takes {_NOUNS[use.form]}, and the param `{param.name}` is {_NOUNS[form]}"
            _report(reader, policy, "param-form", message, use.path, "", use)
    return param.model_copy(update={"form": form})


def _report(reader: Reader, policy: Policy, code: str, message: str, path: Path, hint: str, use: Use) -> None:
    node = policy.node(path)
    scalar = scalar_with(node, use.text) if use.text else None
    reader.report(code, message, scalar or node, path, hint, offset=use.offset if scalar is not None else None)


# ------------------------------------------------------------------------------------------------ finding them


def _uses(policy: Policy) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = defaultdict(list)
    for rule in policy.rules:
        for leaf in leaves(rule.filters):
            if leaf.param:
                form: ParamForm = "list" if OPERATORS[leaf.operator].param == "list" else "scalar"
                found[leaf.param].append(Use(leaf.operator, form, (*leaf.at, "valuesFrom")))
        for text in _texts(rule):
            for name, use in _in_expression(text, rule.at):
                found[name].append(use)
    for text in (text for column in policy.event_fields for text in column.expressions()):
        for name, use in _in_expression(text, ("spec", "event")):
            found[name].append(use)
    return found


def _texts(rule: Rule) -> Iterator[str]:
    yield from rule.expressions()
    yield from (part.text for part in split(rule.message) if isinstance(part, Blank))


def _in_expression(text: str, path: Path) -> Iterator[tuple[str, Use]]:
    if _PARAMS not in text:
        return
    tree = parse(text)
    lists = {id(node): operator for part in walk(tree) for node, operator in _list_operands(part)}
    for part in walk(tree):
        if path_of(part).startswith(_PARAMS) and "." not in (name := path_of(part).removeprefix(_PARAMS)):
            operator = lists.get(id(part), "")
            yield name, Use(operator or "a comparison", "list" if operator else "scalar", path, text, part.at)


def _list_operands(node: Node) -> Iterator[tuple[Node, str]]:
    """Yield the parts of an expression that are asked for more than one value, and by what."""
    if isinstance(node, Binary) and node.operator == "in":
        yield node.right, "in"
    elif isinstance(node, Call) and node.target is not None and node.function != "as":
        yield from ((argument, f".{node.function}") for argument in node.arguments)


def _words(node: Node) -> set[str]:
    return {part.name for part in walk(node) if isinstance(part, Name)}
