"""Option types of the command line: durations."""

from __future__ import annotations

import click


class Duration(click.ParamType[float]):
    """`60s`, `5m`, `500ms` as seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from policyd.vocabulary.quantities import parse_duration

        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value)) / 1e9
        except ValueError as error:
            self.fail(f"expected {error}", param, ctx)
