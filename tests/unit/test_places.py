"""How places of probes are spelled, and read again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from policyd.file_state import state_of
from policyd.places import Location, UserPlace, attach_target, function_place, uprobe, uprobe_multi, user_place
from policyd.unit import AttachPoint

PLACES = {
    "/bin/sh:0x1234": UserPlace("/bin/sh", (Location(0x1234),)),
    "/bin/sh:0x1234(0x5678)": UserPlace("/bin/sh", (Location(0x1234, 0x5678),)),
    "/bin/sh:0x1234@77": UserPlace("/bin/sh", (Location(0x1234),), 77),
    "/a:0x1@2/b c:0x10(0x20)@7": UserPlace("/a:0x1@2/b c", (Location(16, 32),), 7),
    "/two\nlines:0x0": UserPlace("/two\nlines", (Location(0),)),
}
MANY = UserPlace("/lib/x.so", (Location(1), Location(2, 9), Location(0xFF)), 5)


@pytest.mark.parametrize("text", PLACES)
def test_a_place_is_read_as_it_was_spelled(text: str) -> None:
    point = uprobe(PLACES[text])
    assert (point.target, point.members) == (text, ())
    assert user_place(point) == PLACES[text]


def test_a_list_of_places_is_named_by_the_first_and_told_apart_by_all() -> None:
    point = uprobe_multi(MANY, ("ns::open@V1", "close", "read"), "return")
    path, _, rest = point.target.rpartition(":")
    assert (path, rest[:13], rest[-2:], point.option) == ("/lib/x.so", "ns..open.V1+2", "@5", "return")
    assert user_place(point) == MANY
    other = UserPlace(MANY.path, (*MANY.locations[:2], Location(0xFE)), 5)
    assert uprobe_multi(other, ("ns::open@V1", "close", "read"), "return").id != point.id


def test_a_list_of_one_place_is_spelled_like_the_place() -> None:
    place = UserPlace("/bin/sh", (Location(0x1234, 0x10),))
    point = uprobe_multi(place, ("main",))
    assert (point.kind, point.target, user_place(point)) == ("uprobe_multi", "/bin/sh:0x1234(0x10)", place)


@pytest.mark.parametrize(
    "target", ["", "relative:0x1", "/bin/sh", "/bin/sh:", "/bin/sh:1", "/bin/sh:0x1(2)", "/bin/sh:0x1@"]
)
def test_what_is_no_place_in_a_file_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        user_place(AttachPoint("uprobe", target))


def test_a_file_is_another_one_when_it_was_replaced_or_written_to(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("one")
    states = [state_of(str(path))]
    os.utime(path, ns=(0, 0))
    states.append(state_of(str(path)))
    shutil.copy2(path, tmp_path / "new")
    (tmp_path / "new").rename(path)
    states.append(state_of(str(path)))
    assert len({*states, ""}) == 4
    assert state_of(str(tmp_path / "none")) == ""


def test_a_place_in_a_function_has_an_offset_or_none() -> None:
    assert function_place("vfs_read") == ("vfs_read", 0)
    assert function_place("vfs_read.isra.0+0x1c") == ("vfs_read.isra.0", 0x1C)
    for text in ("", "a b", "vfs_read+1", "vfs_read+0xg", "-1"):
        with pytest.raises(ValueError, match="not a place in a function"):
            function_place(text)


def test_only_typed_programs_are_loaded_for_a_function() -> None:
    assert attach_target(AttachPoint("lsm", "file_open")) == "bpf_lsm_file_open"
    for kind in ("fentry", "fexit", "fmod_ret"):
        assert attach_target(AttachPoint(kind, "vfs_read")) == "vfs_read"
    for kind in ("kprobe", "tracepoint", "raw_tracepoint"):
        assert attach_target(AttachPoint(kind, "vfs_read")) == ""
