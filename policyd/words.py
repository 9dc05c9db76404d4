"""The kinds of text in a policy, as pydantic types: names, paths, sizes, prose.

Every string of a model in `policy.py` has one of these types, so no text gets further than the document that was not
bounded and checked; names hold nothing but letters, digits and a few signs.
An error's type is the problem's code; its context has the message and the hint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from policyd.cpus import parse_cpus, show_cpus
from policyd.expression import MAX_LENGTH, ExpressionError, parse, split
from policyd.text import did_you_mean, is_safe, one_of, quote
from policyd.vocabulary.fields import FIELD_ROOTS
from policyd.vocabulary.perf_events import MOST_FREQUENCY, MOST_PERIOD, PERF_EVENTS
from policyd.vocabulary.stacks import MOST_FRAMES, MOST_SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import LiteralString

MAX_LABEL = 63
"""Characters of a DNS-1123 label (RFC 1123), as Kubernetes has it."""
MAX_PATH = 256
"""Characters of a field's path, and of the column name made of it."""
MAX_TARGET = 128
MAX_SYMBOL = 512
"""Characters of a function's name in a program: those of C++ and Rust are long."""
MOST_PRIORITY = (1 << 31) - 1
MAX_MATCHES = 65_536
"""Places that a `limit` can let one hook have."""
MAX_PID = 1 << 22
MAX_PROSE = 4096
MAX_OPERAND = 4096
"""Bytes of a value in a filter: strings are read up to 4 KiB."""
MAX_SHOWN = 128
"""Characters of a value that `names` gives another text: a key of a mapping, and YAML knows no keys beyond 1,024."""
MAX_ENTRIES = 1 << 24
SMALLEST_RING = 32 * 1024
"""Room for the largest event (16 KiB with its header) twice."""
LARGEST_RING = 1 << 30

_DNS_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_CONTAINER = rf"container_of\({_IDENTIFIER}(\.{_IDENTIFIER})+\)"
_STEP = rf"({_CONTAINER}|{_IDENTIFIER}(\[[0-9]{{1,4}}\])?)"
_FIELD = rf"{_STEP}(\.{_STEP})*"
_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_TAG = r"[A-Za-z0-9][A-Za-z0-9_.:/-]*"
_TARGET = r"[A-Za-z0-9_.:@/*?\[\]!-]+"
_INTERFACE = r"[^\s/\"'\\`#]+"
_LIBRARY = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"
_SYMBOL = r"[A-Za-z0-9_.$@*?\[\](){}<>~,/!-]+"
_BUILD_ID = r"([0-9a-fA-F]{2}){4,64}"
_SIZE = re.compile(r"([0-9]{1,18})(|Ki|Mi|Gi)")
_UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def wrong(code: LiteralString, message: str, hint: str = "", offset: int | None = None) -> PydanticCustomError:
    """Return the error that becomes the problem `code`, of the text's character `offset`."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint, "offset": offset})


def _fits(pattern: str, text: str, longest: int) -> bool:
    return len(text) <= longest and re.fullmatch(pattern, text) is not None


def slug(text: str) -> str:
    """Return the DNS-1123 label nearest to `text`; empty if nothing is left of it."""
    return re.sub(r"[^a-z0-9]+", "-", text[:200].lower()).strip("-")[:MAX_LABEL].strip("-")


# ------------------------------------------------------------------------------------------------ names


def _dns_label(text: str) -> str:
    if _fits(_DNS_LABEL, text, MAX_LABEL):
        return text
    near = slug(text)
    message = f"{quote(text)} is no name: a name has 1 to {MAX_LABEL} small letters, digits and hyphens (DNS-1123 label)"
    raise wrong("bad-name", message, f"use `{near}`" if near else "")


def _param_name(text: str) -> str:
    if _fits(_IDENTIFIER, text, MAX_LABEL):
        return text
    message = f"{quote(text)} is no param name: letters, digits and underscores, no digit first, at most {MAX_LABEL}"
    near = slug(text).replace("-", "_")
    raise wrong("bad-param-name", message, f"use `{near}`" if _fits(_IDENTIFIER, near, MAX_LABEL) else "")


def _shared_name(text: str) -> str:
    if _fits(_IDENTIFIER, text, MAX_LABEL):
        return text
    message = f"{quote(text)} names no list or macro: letters, digits and underscores, no digit first, at most {MAX_LABEL}"
    near = slug(text).replace("-", "_")
    raise wrong("bad-list-name", message, f"use `{near}`" if _fits(_IDENTIFIER, near, MAX_LABEL) else "")


def _metric_name(text: str) -> str:
    if _fits(_IDENTIFIER, text, MAX_PATH) and not text.startswith("__"):
        return text
    message = f"{quote(text)} is no metric name: letters, digits and underscores, no digit first, as `opens_total`"
    near = slug(text).replace("-", "_")
    raise wrong("bad-metric-name", message, f"use `{near}`" if _fits(_IDENTIFIER, near, MAX_PATH) else "")


def _column_name(text: str) -> str:
    if _fits(_IDENTIFIER, text, MAX_PATH) and not text.startswith("__"):
        return text
    message = f"{quote(text)} is no column name: letters, digits and underscores, no digit and no `__` first"
    raise wrong("bad-column-name", message)


def is_field_path(text: str) -> bool:
    """Whether `text` has the form of a field's path: `process.comm`, `args[0].pid`."""
    return _fits(_FIELD, text, MAX_PATH)


def _expression(text: str) -> str:
    """Check what a value is computed from: a field's path, or any other expression."""
    if not is_field_path(text):
        try:
            parse(text)
        except ExpressionError as error:
            raise wrong("bad-expression", error.message, error.hint, error.offset) from None
    return text


def _table_name(text: str) -> str:
    if not _fits(_IDENTIFIER, text, MAX_LABEL):
        message = f"{quote(text)} is no name of a table: letters, digits, underscores, no digit first, at most {MAX_LABEL}"
        near = slug(text).replace("-", "_")
        raise wrong("bad-table-name", message, f"use `{near}`" if _fits(_IDENTIFIER, near, MAX_LABEL) else "")
    if text in FIELD_ROOTS:
        raise wrong("bad-table-name", f"{quote(text)} cannot name a table: fields begin with it", f"use `{text}_table`")
    return text


def is_expression(text: str) -> bool:
    """Whether a value can be computed from `text`."""
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def _type_name(text: str) -> str:
    if _fits(r"[A-Za-z][A-Za-z0-9_]*", text, MAX_LABEL):
        return text
    raise wrong("bad-type-name", f"{quote(text)} is no type: one word, as `path`, `u32` or `duration`")


def _target(text: str) -> str:
    if _fits(_TARGET, text, MAX_TARGET):
        return text
    message = (
        f"{quote(text)} cannot be a hook's target: 1 to {MAX_TARGET} letters, digits, `_ . : / -` and globs (`* ? […]`)"
    )
    raise wrong("bad-target", message)


def _probe_target(text: str) -> str:
    name, plus, offset = text.partition("+")
    if plus and not re.fullmatch(r"0x[0-9a-f]{1,6}", offset):
        raise wrong("bad-target", f"{quote(text)} has no offset after its `+`: write it as `vfs_read+0x10`")
    return _target(name) + (f"+{int(offset, 16):#x}" if plus and int(offset, 16) else "")


def _tracepoint(text: str) -> str:
    text = _target(text).replace(":", "/", 1)
    if text.count("/") == 1 and all(text.split("/")):
        return text
    raise wrong("bad-target", f"{quote(text)} is no tracepoint: write `subsystem/event`, as `sched/sched_switch`")


def _interface(text: str) -> str:
    if _fits(_INTERFACE, text, MAX_LABEL) and is_safe(text) and text not in {".", ".."}:
        return text
    raise wrong(
        "bad-target", f"{quote(text)} cannot be an interface: no spaces, quotes, `/`, `#` or `\\`, at most {MAX_LABEL}"
    )


def _cgroup_path(text: str) -> str:
    if len(text) <= MAX_OPERAND and is_safe(text) and ".." not in text.split("/"):
        return text
    raise wrong("bad-target", f"{quote(text)} cannot be a cgroup's path: one line of printable text without `..`")


def _network_path(text: str) -> str:
    if text.startswith("/") and len(text) < MAX_OPERAND and is_safe(text) and ".." not in text.split("/"):
        return text
    hint = "" if text.startswith("/") else f"`ip netns` keeps them below /run/netns: /run/netns/{text[:MAX_LABEL]}"
    raise wrong("bad-target", f"{quote(text)} is no absolute path of a network namespace", hint)


# ------------------------------------------------------------------------------------------------ files


def _file_path(text: str) -> str:
    if text.startswith("/") and len(text) < MAX_OPERAND and is_safe(text) and ".." not in text.split("/"):
        return text
    hint = "" if text.startswith("/") else "the name of a library stands below `library`"
    raise wrong("bad-target", f"{quote(text)} is no absolute path of a file: one line of printable text without `..`", hint)


def _library(text: str) -> str:
    if _fits(_LIBRARY, text, MAX_LABEL * 2):
        return text
    hint = "a path stands below `path`" if "/" in text else ""
    raise wrong("bad-target", f"{quote(text)} is no library: write its name, as `libc.so.6` or `libc`", hint)


def _symbol(text: str) -> str:
    if _fits(_SYMBOL, text, MAX_SYMBOL):
        return text
    message = (
        f"{quote(text)} is no name of a function or a probe: letters, digits, `_ . $ @ ( ) / , < >` and globs (`* ? […]`)"
    )
    raise wrong("bad-target", message, "what comes after the `+` stands below `offset`" if "+" in text else "")


def _argument_name(text: str) -> str:
    if _fits(_IDENTIFIER, text, MAX_LABEL):
        return text
    raise wrong(
        "bad-param-name", f"{quote(text)} is no name of an argument: letters, digits and underscores, no digit first"
    )


def _build_id(text: str) -> str:
    if _fits(_BUILD_ID, text, 128):
        return text.lower()
    message = f"{quote(text)} is no build id: 8 to 128 hexadecimal digits"
    raise wrong("bad-target", message, "`readelf -n FILE` shows it")


def _offset(value: object) -> object:
    text = str(value)
    if re.fullmatch(r"0x[0-9a-fA-F]{1,15}|[0-9]{1,18}", text):
        return int(text, 0) if text.startswith("0x") else int(text)
    raise wrong("bad-count", f"{quote(text)} is no offset: a number of bytes, as 0x1a40 or 6720")


def _perf_event(text: str) -> str:
    names = [row.name for row in PERF_EVENTS]
    if text in names:
        return text
    raise wrong("unknown-value", f"{quote(text)} is no event", did_you_mean(text, names) or f"there are {one_of(names, 40)}")


def _cpus(text: str) -> str:
    try:
        return text if text == "all" else show_cpus(parse_cpus(text))
    except ValueError:
        raise wrong("bad-target", f"{quote(text)} is no list of CPUs: `all`, or numbers and ranges, as 0-3,8") from None


# ------------------------------------------------------------------------------------------------ metadata and prose


def _label_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if _fits(_LABEL_NAME, name, MAX_LABEL) and (not slash or _fits(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*", prefix, 253)):
        return text
    message = (
        f"{quote(text)} is no label key: at most {MAX_LABEL} letters, digits and `-_.`, with a prefix `example.com/` if any"
    )
    raise wrong("bad-label", message)


def _label_value(text: str) -> str:
    if not text or _fits(_LABEL_NAME, text, MAX_LABEL):
        return text
    message = f"{quote(text)} is no label value: at most {MAX_LABEL} letters, digits and `-_.`"
    raise wrong("bad-label", message, "longer text goes into annotations")


def _prose(text: str) -> str:
    if len(text) > MAX_PROSE:
        raise wrong("text-too-long", f"{len(text):,} characters: at most {MAX_PROSE:,}")
    if not is_safe(text.replace("\n", "").replace("\t", "")):
        raise wrong("control-character", f"{quote(text)} holds a control or an invisible character")
    return text


def _line(text: str) -> str:
    if "\n" in text:
        raise wrong("control-character", f"{quote(text)} has a line break: one line is wanted")
    return _prose(text)


def _message(text: str) -> str:
    """Check a text with expressions in braces."""
    try:
        split(_line(text))
    except ExpressionError as error:
        raise wrong("bad-message", f"no message: {error.message}", error.hint, error.offset) from None
    return text


def _tag(text: str) -> str:
    if _fits(_TAG, text, MAX_LABEL):
        return text
    letters = "letters, digits and `-_.:/`, a letter or a digit first"
    raise wrong("bad-tag", f"{quote(text)} is no tag: {letters}, at most {MAX_LABEL}, as `mitre:T1059.004`")


# ------------------------------------------------------------------------------------------------ values


def _operand(text: str) -> str:
    if len(text) > MAX_OPERAND or len(text.encode()) > MAX_OPERAND:
        raise wrong("text-too-long", f"{quote(text, 30)} is {len(text):,} characters long: at most {MAX_OPERAND:,} bytes")
    return text


def _shown_value(text: str) -> str:
    if len(text) > MAX_SHOWN:
        message = f"{quote(text, 30)} is {len(text):,} characters long: at most {MAX_SHOWN} can be given a name"
        raise wrong("text-too-long", message, "a `*` at its end stands for the rest")
    return text


def _word(text: str) -> str:
    """Check what stands after `deny`, `mark` and `signal`: a name or a number; `resolve` knows which there are."""
    if _fits(r"[A-Za-z0-9_.+-]+", text, 32):
        return text
    raise wrong("bad-word", f"{quote(text)} is no name and no number")


def _flag(value: object) -> object:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    hint = {"yes": "use `true`", "on": "use `true`", "no": "use `false`", "off": "use `false`"}.get(str(value).lower(), "")
    raise wrong("not-a-flag", f"{quote(str(value))} is neither `true` nor `false`", hint)


def parse_size(text: str) -> int | None:
    """Return the bytes that `256Ki` stands for (Ki, Mi, Gi or plain); None if it is no size."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def _ring_bytes(value: object) -> object:
    if isinstance(value, int):
        return value
    size = parse_size(str(value))
    if size is None:
        raise wrong("bad-size", f"{quote(str(value))} is no size", "write it as `256Ki` or `1Mi`")
    if not SMALLEST_RING <= size <= LARGEST_RING:
        raise wrong("bad-size", f"a ring of {size:,} bytes: from 32Ki to 1Gi can be had")
    if size & (size - 1):
        larger = 1 << size.bit_length()
        text = f"{larger >> 20}Mi" if larger >= 1 << 20 else f"{larger >> 10}Ki"
        raise wrong("bad-size", "the kernel's rings are powers of two", f"use `{text}`")
    return size


def _entries(value: object) -> object:
    if isinstance(value, int):
        return value
    if re.fullmatch(r"[0-9]{1,9}", str(value)) and 1 <= int(str(value)) <= MAX_ENTRIES:
        return int(str(value))
    raise wrong("bad-count", f"{quote(str(value))} is no number from 1 to {MAX_ENTRIES:,}")


def _up_to(most: int, least: int = 1) -> Callable[[object], object]:
    """Return what reads a number from `least` to `most`."""

    def read(value: object) -> object:
        if re.fullmatch(r"[0-9]{1,18}", str(value)) and least <= int(str(value)) <= most:
            return int(str(value))
        raise wrong("bad-count", f"{quote(str(value))} is no number from {least} to {most:,}")

    return read


def _priority(value: object) -> object:
    """Of netfilter: a signed number of 32 bits but the first and the last, which the kernel keeps for itself."""
    if re.fullmatch(r"-?[0-9]{1,10}", str(value)) and abs(int(str(value))) < MOST_PRIORITY:
        return int(str(value))
    raise wrong("bad-count", f"{quote(str(value))} is no number from {1 - MOST_PRIORITY} to {MOST_PRIORITY - 1}")


def _number(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 1, "maximum": most})


def _pattern(pattern: str, longest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "maxLength": longest})


_SCALAR = {"type": ["string", "number", "boolean"]}
"""An editor's YAML reader guesses types (`443`, `true`) that policyd takes as text."""

DnsLabel = Annotated[str, AfterValidator(_dns_label), _pattern(_DNS_LABEL, MAX_LABEL)]
ParamName = Annotated[str, AfterValidator(_param_name), _pattern(_IDENTIFIER, MAX_LABEL)]
SharedName = Annotated[str, AfterValidator(_shared_name), _pattern(_IDENTIFIER, MAX_LABEL)]
TableName = Annotated[str, AfterValidator(_table_name), _pattern(_IDENTIFIER, MAX_LABEL)]
MetricName = Annotated[str, AfterValidator(_metric_name), _pattern(_IDENTIFIER, MAX_PATH)]
ColumnName = Annotated[str, AfterValidator(_column_name), _pattern(_IDENTIFIER, MAX_PATH)]
EXPRESSION = AfterValidator(_expression)
"""What marks the fields of models that hold expressions."""
Expression = Annotated[str, EXPRESSION, WithJsonSchema({"type": ["string", "number", "boolean"], "maxLength": MAX_LENGTH})]
TypeName = Annotated[str, AfterValidator(_type_name), _pattern(r"[A-Za-z][A-Za-z0-9_]*", MAX_LABEL)]
Target = Annotated[str, AfterValidator(_target), _pattern(_TARGET, MAX_TARGET)]
ProbeTarget = Annotated[str, AfterValidator(_probe_target), _pattern(_TARGET + r"(\+0x[0-9a-f]{1,6})?", MAX_TARGET)]
TracepointTarget = Annotated[str, AfterValidator(_tracepoint), _pattern(_TARGET, MAX_TARGET)]
InterfaceTarget = Annotated[str, AfterValidator(_interface), _pattern(_INTERFACE, MAX_LABEL)]
CgroupPath = Annotated[str, AfterValidator(_cgroup_path), WithJsonSchema({"type": "string"})]
NetworkPath = Annotated[str, AfterValidator(_network_path), WithJsonSchema({"type": "string", "pattern": "^/"})]
FilePath = Annotated[str, AfterValidator(_file_path), WithJsonSchema({"type": "string", "pattern": "^/"})]
LibraryName = Annotated[str, AfterValidator(_library), _pattern(_LIBRARY, MAX_LABEL * 2)]
UserSymbol = Annotated[str, AfterValidator(_symbol), _pattern(_SYMBOL, MAX_SYMBOL)]
ArgumentName = Annotated[str, AfterValidator(_argument_name), _pattern(_IDENTIFIER, MAX_LABEL)]
BuildId = Annotated[str, AfterValidator(_build_id), _pattern(_BUILD_ID, 128)]
FileOffset = Annotated[int, BeforeValidator(_offset), WithJsonSchema({"type": ["integer", "string"]})]
ProcessId = Annotated[int, BeforeValidator(_up_to(MAX_PID)), _number(MAX_PID)]
PerfEventName = Annotated[
    str, AfterValidator(_perf_event), WithJsonSchema({"type": "string", "enum": [row.name for row in PERF_EVENTS]})
]
Frequency = Annotated[int, BeforeValidator(_up_to(MOST_FREQUENCY)), _number(MOST_FREQUENCY)]
Period = Annotated[int, BeforeValidator(_up_to(MOST_PERIOD)), _number(MOST_PERIOD)]
CpuList = Annotated[
    str, AfterValidator(_cpus), WithJsonSchema({"type": ["string", "integer"], "pattern": "^(all|[0-9,-]+)$"})
]
Priority = Annotated[
    int,
    BeforeValidator(_priority),
    WithJsonSchema({"type": "integer", "exclusiveMinimum": -MOST_PRIORITY, "exclusiveMaximum": MOST_PRIORITY}),
]
Limit = Annotated[int, BeforeValidator(_up_to(MAX_MATCHES)), _number(MAX_MATCHES)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
Prose = Annotated[str, AfterValidator(_prose), WithJsonSchema({"type": "string", "maxLength": MAX_PROSE})]
Line = Annotated[str, AfterValidator(_line), WithJsonSchema({"type": "string", "maxLength": MAX_PROSE})]
MessageText = Annotated[str, AfterValidator(_message), WithJsonSchema({"type": "string", "maxLength": MAX_PROSE})]
Tag = Annotated[str, AfterValidator(_tag), _pattern(_TAG, MAX_LABEL)]
Operand = Annotated[str, AfterValidator(_operand), WithJsonSchema(_SCALAR)]
ShownValue = Annotated[str, AfterValidator(_shown_value), WithJsonSchema(_SCALAR)]
Word = Annotated[str, AfterValidator(_word), WithJsonSchema({"type": ["string", "integer"]})]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
RingBytes = Annotated[int, BeforeValidator(_ring_bytes), WithJsonSchema({"type": ["string", "integer"]})]
Depth = Annotated[int, BeforeValidator(_up_to(MOST_FRAMES)), _number(MOST_FRAMES)]
Skip = Annotated[
    int,
    BeforeValidator(_up_to(MOST_SKIPPED, 0)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_SKIPPED}),
]
Entries = Annotated[
    int, BeforeValidator(_entries), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_ENTRIES})
]
