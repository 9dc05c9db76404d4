"""`policyd schema`: the JSON Schema of a policy."""

from __future__ import annotations

import click

from policyd.cli.output import print_json


@click.command()
def command() -> None:
    """Print the JSON Schema of a policy, for editors and CI.

    What a schema cannot say (fields of a hook, types of a field) is checked by policyd validate.

    \b
    Examples:
      policyd schema > policy.schema.json
      echo '# yaml-language-server: $schema=policy.schema.json' | cat - policy.yaml
    """
    from policyd.schema import json_schema

    print_json(json_schema())
