"""`policyd schema`: the JSON Schema of a policy, or of the agent's configuration."""

from __future__ import annotations

import click

from policyd.cli.output import print_json


@click.command()
@click.option("--kind", type=click.Choice(["Policy", "Agent"]), default="Policy", help="The kind of document.")
def command(kind: str) -> None:
    """Print the JSON Schema of a policy, or of the agent's configuration, for editors and CI.

    What a schema cannot say (fields of a hook, types of a field, names that clash) is checked by policyd validate, and by
    policyd run --check.

    \b
    Examples:
      policyd schema > policy.schema.json
      policyd schema --kind Agent > agent.schema.json
      echo '# yaml-language-server: $schema=policy.schema.json' | cat - policy.yaml
    """
    if kind == "Agent":
        from policyd.config.schema import agent_schema

        print_json(agent_schema())
        return
    from policyd.schema import json_schema

    print_json(json_schema())
