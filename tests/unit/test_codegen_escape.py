"""No text of a policy becomes C: it is in comments, defused, in `#line` file names, escaped, and nowhere else.

Policies are made with every text that can reach the generator replaced by hostile text, past the parser's own checks where
those would refuse it: the generator does not rely on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from resolving import saved_target
from test_golden import HOST

from policyd.codegen import ctext, render
from policyd.condition import AllOf, AnyOf, Condition
from policyd.condition import Test as Leaf
from policyd.effect import EventOutput
from policyd.errors import Position
from policyd.maps import MapSpec
from policyd.observe import Observed
from policyd.parsing import parse_policies
from policyd.plan.rows import allot_rows
from policyd.resolve import resolve
from policyd.unit import BoundUnit, TypedPolicy, TypedRule, gather

PLACEHOLDER = "hostile"
POLICY = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: escape, labels: {{a: {PLACEHOLDER}}}}}
spec:
  description: {PLACEHOLDER}
  params: {{files: {{type: path, values: [{PLACEHOLDER}]}}}}
  rules:
    - name: strings
      hook: {{syscall: openat}}
      filters:
        - anyOf:
            - {{field: args.filename, operator: Equal, value: {PLACEHOLDER}}}
            - {{field: args.filename, operator: In, valuesFrom: {{param: files}}}}
            - {{field: args.filename, operator: Prefix, values: [{PLACEHOLDER}]}}
            - {{field: args.filename, operator: Suffix, values: [{PLACEHOLDER}]}}
            - {{field: args.filename, operator: Under, values: [{PLACEHOLDER}]}}
            - {{field: args.filename, operator: Contains, values: [{PLACEHOLDER}]}}
            - {{field: args.filename, operator: Glob, values: [{PLACEHOLDER}]}}
      outputs:
        - event: {{fields: [args.filename, process.pid]}}
        - counter: {{name: opens_total, help: {PLACEHOLDER}, by: [process.comm]}}
"""

HOSTILE = (
    "*/ int evil; /*",
    "**//evil",
    "/*evil*/",
    "evil\n#include </etc/shadow>",
    'evil"; int evil; //',
    "evil\\",
    "evil\\\nint x;",
    "??/evil",
    "/*{ evil }*/",
    "/*% evil %*/",
    "evil\r\x0b\x0c\u2028\x00",
    "_@_evil",
    "#line here",
    "%s evil ${evil}",
    "\u202eevil\ud7ff",
    "evil\udcff",  # a file name that is no UTF-8
)
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=st.sampled_from("*/\\\"'?#\n\r\t{}%@_ aé\u2028"), min_size=1, max_size=40),
    st.text(min_size=1, max_size=40),
)


def typed() -> TypedPolicy:
    (policy,) = parse_policies(POLICY.encode(), "x.yaml").require()
    return resolve(policy, saved_target(), HOST).policy


POLICY_TYPED = typed()


def hostile(policy: TypedPolicy, file: str, text: str) -> TypedPolicy:
    """Return the policy with `text` in place of every text and name, as it would stand in a file of this name."""
    return replace(
        policy,
        rules=tuple(_rule(rule, file, text) for rule in policy.rules),
        maps=tuple(_map(spec, text) for spec in policy.maps),
        document=text,
        source=text,
        severity=text,
        hooks=(text,),
        name=text,
    )


def _rule(rule: TypedRule, file: str, text: str) -> TypedRule:
    where = Position(file, 7, 1)
    outputs = tuple(
        replace(output, layout=_layout(output.layout, text)) if isinstance(output, EventOutput) else output
        for output in rule.outputs
    )
    return replace(
        rule,
        policy=text,
        name=text,
        hook_kind=text,
        position=where,
        condition=_condition(rule.condition, file, text),
        outputs=outputs,
    )


def _condition(condition: Condition, file: str, text: str) -> Condition:
    if isinstance(condition, AllOf | AnyOf):
        return replace(condition, parts=tuple(_condition(part, file, text) for part in condition.parts))
    assert isinstance(condition, Leaf)
    raw = text.replace("\0", "").encode("utf-8", "surrogateescape") or b"x"
    if condition.operator == "Glob":
        raw = re.sub(rb"[\[\\*]", b"?", raw)  # any pattern, but none that always matches: that is other code
    operands = tuple(raw if isinstance(operand, bytes) else operand for operand in condition.operands)
    value = replace(condition.value, path=text)
    return replace(condition, value=value, operands=operands, position=Position(file, 8, 1))


def _layout(layout: object, text: str) -> object:
    return replace(layout, columns=tuple(replace(column, name=text, path=text) for column in layout.columns))  # type: ignore[type-var, attr-defined]


def _map(spec: MapSpec, text: str) -> MapSpec:
    return replace(spec, policy=text, help=text, param=text, key=_layout(spec.key, text) if spec.key else None)  # type: ignore[arg-type]


def generated(text: str) -> str:
    policy = hostile(POLICY_TYPED, text, text.encode("utf-8", "replace").decode())
    desired = gather([policy])
    rows = allot_rows(desired, Observed())
    maps = {(spec.policy, spec.name): spec for spec in policy.maps}
    return "\f".join(render(BoundUnit(unit, rows, maps), saved_target()).text for unit in desired.units)


_LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)


def skeleton(text: str) -> str:
    """Return C without its comments, literals and numbers, as the compiler would take it apart."""
    spliced = re.sub(r"\\[ \t]*\n", "", text.replace("??/", "\\"))
    bare = _LITERAL.sub(lambda found: " " if found[0].startswith("/") else '""', spliced)
    bare = re.sub(r"\bpd_[0-9a-f]{12}\b", "entry", bare)  # a program's name is a hash of all that it is made of
    bare = re.sub(r"\b(0x[0-9a-f]+|[0-9]+)(U?LL)?\b", "0", bare)
    return re.sub(r"\s+", " ", bare)


def comments(text: str) -> list[str]:
    return [found[0] for found in _LITERAL.finditer(text) if found[0].startswith("/*")]


def check(text: str) -> None:
    """The C around the text is that of a harmless text, as far as it does not depend on the length of operands."""
    found, plain = generated(text), generated("x" * len(text.replace("\0", "").encode("utf-8", "surrogateescape")) or "x")
    assert shape(found)[0] ^ shape(plain)[0] == set()
    assert shape(found)[1] == shape(plain)[1]
    assert len(comments(found)) == len(comments(plain))
    assert len(re.findall(r"^#line", found, re.MULTILINE)) == len(re.findall(r"^#line", plain, re.MULTILINE))
    assert found.isascii()
    assert set(re.findall(r"[^\n\t\f -~]", found)) == set()


_WORD = re.compile(r"PD_LOAD\([^()]*\)|\( ?\)|&&|\|\||==|[0-9a-z_]+|[^\s]", re.IGNORECASE)


def shape(text: str) -> tuple[frozenset[str], int]:
    """Return the distinct words of the skeleton and its functions: what an operand's bytes cannot change."""
    bare = skeleton(text)
    return frozenset(re.findall(r"[A-Za-z_]\w*", bare)), bare.count("{")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(TEXT)
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[3])
@example(HOSTILE[4])
@example(HOSTILE[5])
def test_no_text_of_a_policy_becomes_code(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_known_ways_out_of_comments_and_literals_are_closed(text: str) -> None:
    check(text)


def caught(text: str) -> bool:
    """Whether the checks find something wrong with the C of a text."""
    try:
        check(text)
    except AssertionError:
        return True
    return False


def raw(text: str) -> ctext.CText:
    return ctext.CText(text)


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        ("policyd.codegen.ctext.comment", "comment", raw),
        ("policyd.codegen.ctext.string", "string", lambda text: ctext.CText(f'"{text}"')),
        ("policyd.layout.c_comment", "c_comment", lambda text: text),
    ],
)
def test_raw_text_would_be_found(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, broken: Callable[[str], str]
) -> None:
    """The checks above fail if a text is put in as it is."""
    monkeypatch.setattr(module, broken)

    assert any(caught(text) for text in HOSTILE)


@pytest.mark.parametrize("make", [ctext.ident, ctext.designator, ctext.type_name])
@pytest.mark.parametrize("text", [*HOSTILE, "", "a b", "a;", "a\n", "1a", "a-b", "struct a b"])
def test_names_are_names_or_refused(make: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        make(text)


def test_templates_print_nothing_but_c_text() -> None:
    template = ctext.environment().from_string("/*{ text }*/")

    assert template.render(text=ctext.ident("fine")) == "fine"
    with pytest.raises(TypeError, match="only CText"):
        template.render(text="evil")
