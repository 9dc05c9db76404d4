"""What `doctor` says of capabilities: those that applied policies, or policies in files, need, and whether we hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.privileges import Need
    from policyd.record import PolicyRecord
    from policyd.unit import TypedPolicy


def needs_of_policies(policies: Iterable[TypedPolicy]) -> tuple[Need, ...]:
    """Return what typed policies need."""
    from policyd.effect import EventOutput
    from policyd.privileges import needs, uses
    from policyd.unit import kind_of

    known = tuple(policies)
    rules = [rule for policy in known for rule in policy.rules]
    events = [output.layout for rule in rules for output in rule.outputs if isinstance(output, EventOutput)]
    keys = [spec.key for policy in known for spec in policy.maps if spec.key]
    processes = any(policy.needs_process_table for policy in known)
    kinds = (kind_of(point) for policy in known for point in policy.points)
    return needs(uses(kinds, (*events, *keys), process_table=processes))


def needs_of_records(records: Iterable[PolicyRecord], *, other_user: bool = False) -> tuple[Need, ...]:
    """Return what applied policies need; `other_user`: policyd does not run as root."""
    from policyd.privileges import needs, uses
    from policyd.unit import kind_of

    known = tuple(records)
    events = [row.layout for record in known for row in record.layouts if row.generation == record.generation]
    keys = [spec.key for record in known for spec in record.maps.values() if spec.key]
    kinds = (kind_of(point) for record in known for point in (*record.points, *record.entries))
    processes = any(record.process_table for record in known)
    return needs(uses(kinds, (*events, *keys), process_table=processes, other_user=other_user))


def show_needs(title: str, found: Sequence[Need]) -> None:
    """Print a table, and the required set as systemd and Kubernetes want it written."""
    from policyd.cli.prose import width, wrapped_table
    from policyd.privileges import in_manifests

    click.secho(f"\n{title}:", bold=True)
    rows = [row for need in found for row in _rows(need)]
    for line in wrapped_table(("", "", ""), rows, width() - 2):
        click.echo(f"  {line}")
    for line in in_manifests(found):
        click.echo(f"  {line}")


def _rows(need: Need) -> list[tuple[str, str, str]]:
    mark = "yes" if need.held else "NO" if need.required else "no"
    lost = () if need.required else tuple(f"optional; without it: {text}" for text in need.without)
    first, *others = *need.reasons, *lost
    return [(mark, need.capability, first), *(("", "", text) for text in others)]


def needs_document(found: Iterable[Need]) -> list[dict[str, Any]]:
    """Return what `-o json` prints."""
    return [
        {
            "capability": need.capability,
            "required": need.required,
            "held": need.held,
            "reasons": list(need.reasons),
            "without": list(need.without),
        }
        for need in found
    ]
