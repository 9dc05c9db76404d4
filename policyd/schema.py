"""The policy language as JSON Schema (2020-12), for editors: `policyd schema > policy.schema.json`.

Made from the models, the kinds of text in `words`, and the vocabulary's rows.  It describes what a file may spell, short
forms included; what it cannot say (a param that is not declared, two verdicts) is told by `policyd validate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import TypeAdapter

from policyd import words
from policyd.parsing.envelope import KIND, METADATA_KEYS, PARAM_KEYS, RULE_KEYS, SPEC_KEYS
from policyd.parsing.hooks import HOOKS, short_key
from policyd.parsing.library import KIND as LIST_KIND
from policyd.parsing.lists import LIST_KEYS
from policyd.parsing.policy_list import SPEC_KEYS as LIST_SPEC_KEYS
from policyd.parsing.spans import SIDES
from policyd.parsing.user_hooks import is_in_file
from policyd.policy import (
    API_VERSION,
    Above,
    EventOutput,
    FirstOf,
    MetricOutput,
    Mode,
    OnUnread,
    ProcessScope,
    RateLimit,
    Redirect,
    Scope,
    SpanHook,
    StacksOutput,
    StatsOutput,
    Table,
)
from policyd.policy.rates import Share
from policyd.vocabulary.actions import ACTIONS
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.hooks import HOOK_KINDS
from policyd.vocabulary.operators import OPERATORS
from policyd.vocabulary.outputs import OUTPUTS, OutputKind
from policyd.vocabulary.scopes import SCOPE_KEYS
from policyd.vocabulary.severities import Severity
from policyd.vocabulary.spans import SPAN, SPAN_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.policy import Model, PlainHook
    from policyd.vocabulary.aggregates import Aggregate

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXPLAINED = {
    "name": "A DNS-1123 label.",
    "labels": "Words on the policy, as Kubernetes has them.",
    "annotations": "Text on the policy for people and tools.",
    "description": "What the policy is for.",
    "severity": "How bad a match is; shown with each event.",
    "mode": "monitor (default): verdicts and signals are counted and shown, not taken. enforce: they are taken.",
    "suspend": "true: the policy stays loaded and does nothing.",
    "events": "This policy's ring.",
    "event": "Columns that are added to every event of the policy.",
    "params": "Values that live in maps: changed without a reload.",
    "tags": "Words that events carry, and that readers and sinks choose by: mitre:T1059, pci.",
    "lists": "Lists of values that filters look up by name; their values change without a reload.",
    "macros": "Filters, and lists of fields, that have a name and stand wherever it is used.",
    "inlined": "What was copied from documents of kind PolicyList, and from which. policyd writes it.",
    "include": "Names of lists whose values are in this one too.",
    "message": "A text that readers fill in: {process.exe} opened {args.filename}.",
    "tables": "Rows that the policy keeps: written by rules, read as TABLE[KEY].COLUMN.",
    "scope": "Whom the policy or the rule is about: every key must hold, and of a list one value. Asked before any rule.",
    "rules": "Each is evaluated for each event at its hook; none changes what another means.",
    "hook": "Where the rule looks; the key names the kind.",
    "let": "Names for values of this rule; a name may use those before it.",
    "filters": "All must hold.",
    "above": "The rule is about what is above this rate: the rest is as if it had not matched.",
    "outputs": "What a match makes.",
    "action": "What a match does: at most one verdict, and a signal.",
    "optional": "true: what this kernel does not have is no error.",
    "onUnread": "event (default): what could not be read makes an undecided rule send its event, flagged. act: it acts too.",
    "type": "The values' type: path, u32, duration, cidr…",
    "value": "One value.",
    "values": "A list of values.",
}


def json_schema() -> Schema:
    """Return the schema of one document: a PolicyList if its kind says so, else a policy."""
    policy = _document(KIND, _explained(SPEC_KEYS, _spec(), ("rules",)))
    shared = _document(LIST_KIND, _explained(LIST_SPEC_KEYS, {"description": kind_schema(words.Prose), **_shared()}))
    is_list = {"properties": {"kind": {"const": LIST_KIND}}, "required": ["kind"]}
    definitions = {"columns": _columns(), "filter": _filter(), "hook": _hook(), "output": _output(), "action": _action()}
    head = {"$schema": DIALECT, "title": "policyd policy"}
    definitions |= {"rule": _rule(), "param": _param(), "table": _table(), "scope": _scope(), "list": _value_list()}
    return {**head, "if": is_list, "then": shared, "else": policy, "$defs": definitions}


def _document(kind: str, spec: Schema) -> Schema:
    envelope = {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}, "metadata": metadata_schema(), "spec": spec}
    return object_schema(envelope, tuple(envelope))


# ------------------------------------------------------------------------------------------------ small pieces


def object_schema(properties: dict[str, Schema], required: tuple[str, ...] = (), **more: object) -> Schema:
    """Return a mapping with these keys and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**found, "required": list(required)} if required else found


def _explained(keys: tuple[str, ...], properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """Return a mapping whose keys are those that the parser knows, each with its description."""
    return object_schema({key: {"description": EXPLAINED[key], **properties[key]} for key in keys}, required)


def kind_schema(annotation: Any) -> Schema:
    """Return the schema of a kind of text, number or flag; a tuple is a text or a list of texts, one of pairs a mapping."""
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        if get_origin(inner) is tuple:
            names, values = map(kind_schema, get_args(inner))
            return {"type": "object", "propertyNames": names, "additionalProperties": values}
        item = kind_schema(inner)
        return {"anyOf": [item, {"type": "array", "items": item}]}
    return TypeAdapter(annotation).json_schema()


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": least} if least else {"type": "array", "items": items}


def _one_key(kinds: dict[str, Schema]) -> Schema:
    """Return a mapping whose only key names a kind."""
    return object_schema(kinds, minProperties=1, maxProperties=1)


# ------------------------------------------------------------------------------------------------ metadata, spec, rules


def metadata_schema() -> Schema:
    """Return the schema of `metadata`, which all kinds of documents have."""
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    properties = {"name": kind_schema(words.DnsLabel), "labels": texts, "annotations": texts}
    return _explained(METADATA_KEYS, properties, ("name",))


def _spec() -> dict[str, Schema]:
    return {
        "description": kind_schema(words.Prose),
        "severity": kind_schema(Severity),
        "mode": kind_schema(Mode),
        "suspend": kind_schema(words.Flag),
        "events": object_schema({"buffer": kind_schema(words.RingBytes)}),
        "event": object_schema({"fields": _ref("columns"), **_rates()}),
        "params": {"type": "object", "propertyNames": kind_schema(words.ParamName), "additionalProperties": _ref("param")},
        "tables": {"type": "object", "propertyNames": kind_schema(words.TableName), "additionalProperties": _ref("table")},
        "tags": kind_schema(tuple[words.Tag, ...]),
        **_shared(),
        "scope": _ref("scope"),
        "rules": _list(_ref("rule"), least=1),
    }


def _scope() -> Schema:
    explain = {name: row.explain for name, row in SCOPE_KEYS.items()}
    inner = {name.partition(".")[2]: text for name, text in explain.items() if "." in name}
    processes = object_schema(_properties(ProcessScope, inner), description=explain["processes"])
    found = {**_properties(Scope, explain), "processes": processes, "host": kind_schema(words.Flag)}
    return object_schema(found, description=EXPLAINED["scope"], minProperties=1)


def _shared() -> dict[str, Schema]:
    """Return the schemas of what a policy and a PolicyList may both define."""
    names = kind_schema(words.SharedName)
    copied = {"type": "object", "propertyNames": names, "additionalProperties": kind_schema(words.DnsLabel)}
    macros = {"filters": _list(_ref("filter")), "fields": _ref("columns")}
    return {
        "lists": _named(_ref("list")),
        "macros": object_schema({form: _named(body) for form, body in macros.items()}),
        "inlined": object_schema(dict.fromkeys(("lists", *macros), copied)),
    }


def _named(body: Schema) -> Schema:
    return {"type": "object", "propertyNames": kind_schema(words.SharedName), "additionalProperties": body}


def _value_list() -> Schema:
    values, names = kind_schema(tuple[words.Operand, ...]), kind_schema(tuple[words.SharedName, ...])
    return _explained(LIST_KEYS, {"type": kind_schema(words.TypeName), "values": values, "include": names}, ("type",))


def _table() -> Schema:
    names, types = kind_schema(words.ColumnName), kind_schema(words.TypeName)
    columns = {"type": "object", "propertyNames": names, "additionalProperties": types, "minProperties": 1}
    explain = {"maxEntries": "The most rows.", "evict": "true (default): the oldest rows make room for new ones."}
    return object_schema({"key": columns, "value": columns, **_properties(Table, explain)}, ("key", "value"))


def _given() -> Schema:
    path = kind_schema(words.Expression)
    named = {"type": "object", "propertyNames": kind_schema(words.ColumnName), "additionalProperties": path}
    return {"description": "Values in the order of the columns, or by their names.", "anyOf": [_list(path), named]}


def _write() -> Schema:
    name, given = kind_schema(words.TableName), _given()
    set_ = {"set": name, "key": given, "value": given, "ifAbsent": kind_schema(words.Flag)}
    forms = [object_schema(set_, ("set", "key", "value")), object_schema({"unset": name, "key": given}, ("unset", "key"))]
    return {"anyOf": forms}


def _param() -> Schema:
    value = kind_schema(words.Operand)
    properties = {"type": kind_schema(words.TypeName), "value": value, "values": kind_schema(tuple[words.Operand, ...])}
    return _explained(PARAM_KEYS, {**properties, "optional": kind_schema(words.Flag)}, ("type",))


def _rule() -> Schema:
    properties = {
        "name": kind_schema(words.DnsLabel),
        "message": kind_schema(words.MessageText),
        "tags": kind_schema(tuple[words.Tag, ...]),
        "hook": _ref("hook"),
        "let": _let(),
        "filters": _list(_ref("filter")),
        "above": _above(),
        "outputs": _list(_ref("output")),
        "action": _ref("action"),
        "tables": _list(_write()),
        "scope": _ref("scope"),
        "optional": kind_schema(words.Flag),
        "onUnread": kind_schema(OnUnread),
    }
    return _explained(RULE_KEYS, properties, ("name", "hook"))


def _let() -> Schema:
    expression, name = kind_schema(words.Expression), kind_schema(words.TypeName)
    keys = {"type": "array", "items": expression, "minItems": 1}
    forms = [
        expression,
        object_schema({"expr": expression, "as": name}, ("expr",)),
        object_schema({"field": expression, "as": name}, ("field",)),
        object_schema({"table": name, "key": {"anyOf": [expression, keys]}}, ("table", "key")),
        object_schema({"firstOf": keys}, ("firstOf",)),
    ]
    return {"type": "object", "propertyNames": kind_schema(words.ColumnName), "additionalProperties": {"anyOf": forms}}


def _columns() -> Schema:
    path = kind_schema(words.Expression)
    texts = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    named = object_schema({"field": path, "expr": path, "names": texts})
    mapping = {
        "type": "object",
        "propertyNames": kind_schema(words.ColumnName),
        "additionalProperties": {"anyOf": [path, named]},
    }
    listed = _list({"anyOf": [path, _macro()]})
    return {"description": "A list of fields, or names and their fields.", "anyOf": [listed, mapping]}


def _macro() -> Schema:
    return object_schema({"macro": kind_schema(words.SharedName)}, ("macro",))


# ------------------------------------------------------------------------------------------------ hooks and filters


def _hook() -> Schema:
    kinds = {kind: _plain_hook(model) for kind, model in HOOKS.items()}
    first = {**_list(_one_key(kinds), least=1), "description": "The first hook that this kernel has."}
    kinds = {**kinds, FirstOf.kind: first}
    return _one_key({**kinds, SpanHook.kind: _span(kinds)})


def _span(kinds: dict[str, Schema]) -> Schema:
    explain = {name: row.explain for name, row in SPAN_KEYS.items()}
    key = {"description": explain["key"], "anyOf": [kind_schema(words.Expression), *_given()["anyOf"]]}
    beside = {"key": key, "filters": {**_list(_ref("filter")), "description": explain["filters"]}}
    side = object_schema({**kinds, **beside}, ("key",), minProperties=2, maxProperties=3)
    sides = {name: {"description": explain[name], "anyOf": [side, _list(side, least=1)]} for name in SIDES}
    plain = {name: explain[name] for name in ("keep", "maxEntries", "evict")}
    return object_schema({**sides, **_properties(SpanHook, plain)}, ("start", "end"), description=SPAN)


def _plain_hook(model: type[PlainHook]) -> Schema:
    rows = [row for row in HOOK_KINDS if row.kind == model.kind]
    explain = {key.name: key.explain for row in rows for key in row.keys}
    properties = _properties(model, explain)
    required = tuple(row.alias or name for name, row in model.model_fields.items() if row.is_required())
    forms = [object_schema(properties, required)]
    if not is_in_file(model) and set(required) <= {short_key(model)}:
        forms.insert(0, {key: part for key, part in properties[short_key(model)].items() if key != "description"})
    return {"description": " / ".join(row.summary for row in rows), "anyOf": forms}


def _properties(model: type[Model], explain: dict[str, str]) -> dict[str, Schema]:
    fields = {row.alias or name: row for name, row in model.model_fields.items()}
    kinds = {key: kind_schema(row.rebuild_annotation()) for key, row in fields.items() if key in explain}
    return {key: {"description": explain[key], **kind} for key, kind in kinds.items()}


def _filter() -> Schema:
    operators = [{"const": row.name, "description": row.explain} for row in OPERATORS.values()]
    value = kind_schema(words.Operand)
    leaf = object_schema(
        {
            "field": kind_schema(words.Expression),
            "operator": {"oneOf": operators},
            "value": value,
            "values": kind_schema(tuple[words.Operand, ...]),
            "valuesFrom": _one_key({"param": kind_schema(words.ParamName), "list": kind_schema(words.SharedName)}),
        },
        ("field", "operator"),
    )
    expression = object_schema({"expr": kind_schema(words.Expression)}, ("expr",))
    groups = [object_schema({key: _list(_ref("filter"), least=1)}, (key,)) for key in ("allOf", "anyOf")]
    return {"anyOf": [leaf, expression, _macro(), *groups, object_schema({"not": _ref("filter")}, ("not",))]}


# ------------------------------------------------------------------------------------------------ outputs and actions


def _output() -> Schema:
    return _one_key({row.name: _output_kind(row) for row in OUTPUTS.values()})


def _output_kind(row: OutputKind) -> Schema:
    of_metric = (MetricOutput, _metric, ("name", "value") if row.takes_value else ("name",))
    model, special, required = _FORMS.get(row.name, of_metric)
    explain = {key.name: key.explain for key in row.keys}
    made = special()
    plain = _properties(model, {key: text for key, text in explain.items() if key not in made})
    found = {key: plain[key] if key in plain else {"description": text, **made[key]} for key, text in explain.items()}
    return object_schema(found, required, description=row.explain)


def _metric() -> dict[str, Schema]:
    return {"by": _ref("columns"), "buckets": _buckets()}


def _event() -> dict[str, Schema]:
    return {"fields": _ref("columns"), **_rates()}


def _rates() -> dict[str, Schema]:
    explain = {"events": "So many events", "per": "in each such time.", "burst": "So many at once (default: `events`)."}
    explain |= {"maxKeys": "Keys that have a rate of their own at a time."}
    by = {"description": "Columns: each combination of their values has a rate of its own.", **_ref("columns")}
    limit = object_schema({**_properties(RateLimit, explain), "by": by}, ("events", "per"))
    return {"rateLimit": limit, "sample": kind_schema(Share)}


def _above() -> Schema:
    explain = {"events": "So many events,", "bytes": "or so many bytes of packets,", "per": "in each such time."}
    explain |= {"burst": "So much at once (default: `events` or `bytes`)."}
    explain |= {"maxKeys": "Keys that have a rate of their own at a time."}
    by = {"description": "Columns: each combination of their values has a rate of its own.", **_ref("columns")}
    return object_schema({**_properties(Above, explain), "by": by}, ("per",))


def _stats() -> dict[str, Schema]:
    column = {"anyOf": [{"const": "count"}, *(_aggregate(row) for row in AGGREGATES.values() if row.name != "count")]}
    columns = {"type": "object", "propertyNames": kind_schema(words.ColumnName), "additionalProperties": column}
    return {"by": _ref("columns"), "show": _ref("columns"), "columns": {**columns, "minProperties": 1}}


def _aggregate(row: Aggregate) -> Schema:
    special = {"with": _ref("columns"), "buckets": _buckets(), "signed": kind_schema(words.Flag)}
    beside = {key: special[key] for key in row.keys}
    properties = {row.name: kind_schema(words.Expression), "help": kind_schema(words.Line), **beside}
    return object_schema(properties, (row.name,), description=row.explain)


_FORMS: dict[str, tuple[type[Model], Callable[[], dict[str, Schema]], tuple[str, ...]]] = {
    "event": (EventOutput, _event, ("fields",)),
    "stats": (StatsOutput, _stats, ("name", "columns")),
    "stacks": (StacksOutput, lambda: {"by": _ref("columns")}, ("name",)),
}
"""Outputs that are no metrics: their model, the keys that are more than a text, the keys that they need."""


def _buckets() -> Schema:
    span = {"type": "string", "pattern": r"^.+\.\..+$"}
    bound = {"type": ["string", "number"]}
    forms = [
        {"const": "log2"},
        object_schema({"log2": span}, ("log2",)),
        object_schema({"linear": span, "step": bound}, ("linear", "step")),
        _list(bound, least=1),
    ]
    return {"anyOf": forms}


def _redirect() -> Schema:
    explain = {"interface": "By name.", "direction": "egress (default), or (not in xdp) ingress: as if received there."}
    return {"anyOf": [kind_schema(words.InterfaceTarget), object_schema(_properties(Redirect, explain), ("interface",))]}


def _action() -> Schema:
    values = {
        "errno": kind_schema(words.Word),
        "number": kind_schema(words.Word),
        "signal": kind_schema(words.Word),
        "true": {"const": True},
        "interface": _redirect(),
    }
    properties = {row.name: {"description": row.explain, **values[row.value]} for row in ACTIONS.values()}
    return object_schema(properties, minProperties=1)
