"""What every part of a policy as written is: frozen, with its place in the document."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from policyd.errors import Path
from policyd.words import EXPRESSION


class Model(BaseModel):
    """A frozen part of a policy.  `at` is its path in the document (`("spec", "rules", 0, "hook")`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    at: Path = Field(default=(), exclude=True, repr=False)

    def expressions(self) -> Iterator[str]:
        """Yield every expression of this part and of its parts."""
        for name, row in type(self).model_fields.items():
            value = getattr(self, name)
            if EXPRESSION in row.metadata:
                yield from (value,) if value else ()
            elif isinstance(value, Model):
                yield from value.expressions()
            elif isinstance(value, tuple) and value and isinstance(value[0], Model):
                for part in value:
                    yield from part.expressions()

    def _facts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name, field in type(self).model_fields.items() if not field.exclude)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Model) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((type(self), self._facts()))
