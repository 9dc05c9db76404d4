"""The table of fields is sound: known kinds, sizes that fit, groups of fields that exist."""

from __future__ import annotations

from collections import Counter

import pytest

from policyd.vocabulary.fields import FIELDS, GROUPS, field_row
from policyd.vocabulary.hooks import HOOK_KINDS, hook_kind
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.types import Shape


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: f"{row.path}-{row.context}")
def test_a_field_has_a_known_kind_of_its_shape(row: object) -> None:
    assert KINDS[row.type.kind].shape is row.type.shape
    if row.type.shape is Shape.NUMBER:
        assert row.type.size in {1, 2, 4, 8}


def test_a_path_is_there_once_in_each_context() -> None:
    counted = Counter((row.path, row.context) for row in FIELDS)
    assert max(counted.values()) == 1


def test_no_hook_offers_two_rows_of_one_path() -> None:
    for hook in HOOK_KINDS:
        counted = Counter(row.path for row in FIELDS if row.context in hook.contexts)
        assert max(counted.values()) == 1, hook.key


def test_every_context_of_a_field_is_offered_by_some_hook() -> None:
    offered = {context for hook in HOOK_KINDS for context in hook.contexts}
    assert {row.context for row in FIELDS} <= offered


def test_accessors_are_c_names_of_one_use() -> None:
    accessors = [row.accessor for row in FIELDS if row.accessor]
    assert all(name.isidentifier() and name.islower() for name in accessors)
    assert len(accessors) == len(set(accessors))


def test_groups_stand_for_fields_that_exist() -> None:
    paths = {row.path for row in FIELDS}
    for name, members in GROUPS.items():
        assert set(members) <= paths, name
        assert name not in paths


def test_what_comes_from_the_process_table_can_be_unread() -> None:
    assert all(row.can_be_unread for row in FIELDS if row.needs_process_table)


def test_a_destination_is_read_from_a_packet_or_from_the_call() -> None:
    packet = field_row("dst.ip", hook_kind("xdp").contexts)
    call = field_row("dst.ip", hook_kind("cgroup", "connect4").contexts)
    assert packet is not None
    assert call is not None
    assert (packet.accessor, call.accessor) == ("packet_dst_ip", "sockaddr_dst_ip")
    assert field_row("dst.ip", hook_kind("cgroup", "bind4").contexts) is None
