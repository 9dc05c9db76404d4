"""What the keys of a policy are: the page of `policyd explain keys`, in the words that the JSON Schema has for editors."""

from __future__ import annotations

from policyd.page import Page, Table
from policyd.parsing.envelope import METADATA_KEYS, PARAM_KEYS, RULE_KEYS, SPEC_KEYS
from policyd.parsing.lists import LIST_KEYS
from policyd.schema import EXPLAINED

_PLACES = (
    ("metadata", METADATA_KEYS),
    ("spec", SPEC_KEYS),
    ("A rule, in spec.rules", RULE_KEYS),
    ("A param, in spec.params", PARAM_KEYS),
    ("A list, in spec.lists", LIST_KEYS),
)
_SAID = (
    "A policy is a document with `apiVersion: policyd.dev/v1alpha1`, `kind: Policy`, `metadata` and `spec`. A key that is "
    "not known is an error. `policyd schema` gives all of this to editors; `policyd init` writes a first policy.",
)


def keys_page() -> Page:
    """Return the page."""
    tables = (Table(title, ("key", "meaning"), tuple((key, EXPLAINED[key]) for key in keys)) for title, keys in _PLACES)
    return Page("Keys", _SAID, tuple(tables))
