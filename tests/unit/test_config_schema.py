"""config/schema.py and config/keys.py: editors and the reference page know the same keys as the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_config_reading import HEAD, WHOLE
from test_schema_json import as_an_editor_reads

from policyd.config.keys import keys, parts
from policyd.config.schema import agent_schema
from policyd.document import parse
from policyd.parsing.reader import spelling

FOLDER = Path(__file__).parent.parent / "bad_configs"
VALIDATOR = Draft202012Validator(agent_schema())
SHAPE_CODES = (
    "bad-address", "bad-duration", "bad-path", "bad-pattern", "bad-url", "bad-size", "bad-count", "missing-key",
    "unknown-key", "unknown-value", "conflicting-keys", "wrong-type", "not-a-flag", "bad-name", "unknown-kind",
    "unknown-api-version",
)  # fmt: skip
"""Codes whose bad configurations an editor underlines too."""


def errors(text: bytes) -> list[str]:
    found: list[Any] = [as_an_editor_reads(document.root) for document in parse(text, "f")]
    return [f"{error.json_path}: {error.message}" for each in found for error in VALIDATOR.iter_errors(each)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(agent_schema())


@pytest.mark.parametrize("text", [WHOLE, HEAD + "  {}\n", HEAD + "  {canary: {interval: 5s}}\n"])
def test_what_policyd_accepts_fits(text: str) -> None:
    assert errors(text.encode()) == []


@pytest.mark.parametrize("code", SHAPE_CODES)
def test_what_policyd_refuses_by_shape_does_not_fit(code: str) -> None:
    assert errors((FOLDER / f"{code}.yaml").read_bytes())


def test_every_key_of_every_part_is_a_row_with_words() -> None:
    for path, model in parts():
        rows = keys(model)
        assert tuple(key.name for key in rows) == spelling(model)
        assert all(key.kind and key.explain.endswith(".") for key in rows), path
