"""`policyd params`: values of policies that are changed without a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policyd.cli.context import Settings, open_kernel
from policyd.cli.names import complete_params, complete_policies
from policyd.cli.outcomes import Shown, exit_of, print_result, show_result
from policyd.cli.output import Progress, few, note, print_json, print_table
from policyd.cli.parameters import parameters
from policyd.cli.wiring import make_engine
from policyd.errors import NotFoundError, UsageError
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policyd.cli.parameters import Parameter

_JSON = click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")


@click.group()
def command() -> None:
    """List, set and unset values of policies, without a reload.

    A value that was set by hand counts until it is unset: apply keeps it (diff and get show it), unless it is told
    --reset-params. A list is replaced whole: no event sees half of it.

    \b
    Examples:
      policyd params list
      policyd params list deny-egress
      policyd params set deny-egress blocked=10.0.0.0/8,192.0.2.7/32
      policyd params unset deny-egress blocked
    """


@command.command("list")
@click.argument("policies", nargs=-1, metavar="[POLICY…]", shell_complete=complete_policies)
@_JSON
@click.pass_obj
def list_(settings: Settings, policies: tuple[str, ...], output: str | None) -> None:
    """List the params of policies, with the values that count now.

    \b
    Examples:
      policyd params list
      policyd params list deny-egress -o json
    """
    rows = _read(settings, policies)
    if output == "json":
        print_json({"items": [_data(row) for row in rows]})
    elif rows:
        shown = [(r.policy, r.name, r.type, r.origin, few(r.values, 8) or "(empty)") for r in rows]
        print_table(("POLICY", "NAME", "TYPE", "FROM", "VALUES"), shown)
    else:
        note("No params.")


def _read(settings: Settings, policies: tuple[str, ...]) -> list[Parameter]:
    from policyd.record import read_policies
    from policyd.views.kernel import policy_document

    records = read_policies(open_kernel(settings, "params list"))
    for name in policies:
        if name not in records:
            hint = did_you_mean(name, records) or "see policyd get policies"
            raise NotFoundError(f"there is no policy {quote(name)}; {hint}")
    chosen = policies or tuple(sorted(records))
    return [row for name in chosen for row in parameters(records[name], policy_document(records[name]).get("spec", {}))]


def _data(row: Parameter) -> dict[str, object]:
    return {
        "policy": row.policy,
        "name": row.name,
        "type": row.type,
        "from": row.origin,
        "values": list(row.values),
        "fileValues": list(row.file_values),
        "optional": row.optional,
    }


@command.command("set")
@click.argument("policy", shell_complete=complete_policies)
@click.argument("assignments", nargs=-1, required=True, metavar="NAME=VALUE[,VALUE…]…", shell_complete=complete_params)
@_JSON
@click.pass_obj
def set_(settings: Settings, policy: str, assignments: tuple[str, ...], output: str | None) -> None:
    """Set params of a policy: NAME=V1,V2…, or NAME= for none.

    A comma or a backslash in a value is written with a backslash before it.

    \b
    Examples:
      policyd params set deny-egress blocked=10.0.0.0/8,192.0.2.7/32
      policyd params set sensitive-writes sensitive=/etc,/boot
      policyd params set deny-egress blocked=
    """
    changes: dict[str, tuple[str, ...] | None] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise UsageError(f"{quote(assignment)} is not NAME=VALUE; to go back to the file's values, use params unset")
        if name in changes:
            raise UsageError(f"param {quote(name)} is given twice; several values are separated by commas")
        changes[name] = split_values(text)
    _change(settings, policy, changes, output)


@command.command("unset")
@click.argument("policy", shell_complete=complete_policies)
@click.argument("names", nargs=-1, required=True, metavar="NAME…", shell_complete=complete_params)
@_JSON
@click.pass_obj
def unset(settings: Settings, policy: str, names: tuple[str, ...], output: str | None) -> None:
    """Forget values that were set by hand: what the policy's file says counts again.

    \b
    Examples:
      policyd params unset deny-egress blocked
    """
    _change(settings, policy, dict.fromkeys(names), output)


def split_values(text: str) -> tuple[str, ...]:
    r"""Return the values of a list: separated by commas; `\,` and `\\` stand for the characters themselves."""
    values, current, escaped = [], "", False
    for character in text:
        if escaped:
            current += character if character in ",\\" else f"\\{character}"
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            values.append(current)
            current = ""
        else:
            current += character
    values.append(current + "\\" * escaped)
    return tuple(values) if text else ()


def _change(settings: Settings, policy: str, changes: Mapping[str, tuple[str, ...] | None], output: str | None) -> None:
    policy = policy.removeprefix("policy/")
    with Progress(settings) as progress:
        result = make_engine(settings, "params", progress).set_params(policy, changes)
    shown = Shown(frozenset({policy}), overrides=False)
    if output == "json":
        print_result(result, shown, {})
    else:
        show_result(settings, result, shown)
    exit_of(result)
