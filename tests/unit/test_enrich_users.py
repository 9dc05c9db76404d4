"""policyd.enrich.users: names of the host's own files, followed as they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from container_host import MadeHost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policyd.enrich.users import Users
from policyd.text import is_safe


@pytest.fixture
def made(tmp_path: Path) -> MadeHost:
    return MadeHost(tmp_path)


def test_users_and_groups_have_names_and_other_numbers_none(made: MadeHost) -> None:
    made.users("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/:/x\n", "root:x:0:\nadm:x:4:syslog,web\n")
    users = Users(made.files)
    assert [users.name("uid", number) for number in (0, 33, 4, 4294967295)] == ["root", "web", "", ""]
    assert [users.name("gid", number) for number in (0, 4, 33)] == ["root", "adm", ""]


def test_the_first_name_of_a_number_counts_and_the_hosts_own_file_before_the_systems(made: MadeHost) -> None:
    made.users("toor:x:0:0::/:/x\nroot:x:0:0::/:/x\n")
    made.write("/usr/lib/passwd", "other:x:0:0::/:/x\nnobody:x:65534:65534::/:/x\n")
    users = Users(made.files)
    assert (users.name("uid", 0), users.name("uid", 65534)) == ("toor", "nobody")


def test_a_file_that_changes_is_read_again_and_only_then(made: MadeHost) -> None:
    users = Users(made.files)
    assert users.name("uid", 1000) == ""
    made.users("alice:x:1000:1000::/:/x\n")
    assert users.refresh()
    assert users.name("uid", 1000) == "alice"
    assert not users.refresh()
    aside = made.write("/etc/passwd.new", "carol:x:1000:1000::/:/x\n")
    aside.replace(made.root / "etc/passwd")
    assert users.refresh()
    assert users.name("uid", 1000) == "carol"
    (made.root / "etc/passwd").unlink()
    users.refresh()
    assert users.name("uid", 1000) == ""


def test_lines_that_are_no_users_are_passed_over(made: MadeHost) -> None:
    made.users("+@nis::::::\n:x:5:\n#c:x:6:\na:x:-1:\nb:x:99999999999:\nc:x:\n\nd\x1b[2J:x:7:\n" + "e" * 100 + ":x:8:\n")
    users = Users(made.files)
    assert [users.name("uid", number) for number in (5, -1)] == ["", ""]
    assert users.name("uid", 7) == "d\\x1b[2J"
    assert len(users.name("uid", 8)) == 64


def test_a_file_that_cannot_be_read_leaves_the_numbers(made: MadeHost) -> None:
    (made.root / "etc").mkdir()
    os.mkfifo(made.root / "etc/passwd")
    assert Users(made.files).name("uid", 0) == ""


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_no_file_is_an_error_and_every_name_can_be_shown(made: MadeHost, data: bytes) -> None:
    made.write("/etc/passwd", b"root:x:0:\n" + data)
    users = Users(made.files)
    assert users.name("uid", 0) == "root"
    assert all(is_safe(name) for name in users._names["uid"].values())
