"""Functions of the kernel and LSM hooks on this kernel: what is seen there, and what is decided."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inside import Shell, version

_WORK = """
import errno, mmap
os.makedirs("/run/pd-here/pd-dir/inside")
open("/run/pd-here/pd-there", "w").close()
for path in ("/run/pd-here/pd-dir", "/run/pd-here/pd-missing"):
    try: os.rmdir(path) if path == "/run/pd-here/pd-dir" else open(path)
    except OSError as error: print(errno.errorcode[error.errno])
os.rmdir("/run/pd-here/pd-dir/inside")
os.rmdir("/run/pd-here/pd-dir")
os.unlink("/run/pd-here/pd-there")
"""


@pytest.fixture
def _own_directory() -> Iterator[None]:
    """A file system that lies on no other: of an overlay's functions each call is two."""
    place = Path("/run/pd-here")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    yield
    subprocess.run(["umount", place], check=True)
    place.rmdir()


def of_rule(events: list[dict[str, Any]], rule: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(event["fields"][column] for column in columns) for event in events if event["rule"] == rule]


def by_label(series: list[dict[str, Any]], *labels: str) -> dict[tuple[str, ...], int]:
    return {tuple(str(one["labels"][label]) for label in labels): int(one["value"]) for one in series}


@pytest.mark.usefixtures("_own_directory")
def test_functions_are_seen_as_they_begin_and_return_with_arguments_and_results(shell: Shell) -> None:
    with shell.case("functions-seen"):
        assert shell.act(_WORK).split() == ["ENOTEMPTY", "ENOENT"]
        events, metrics = shell.events("functions-seen"), shell.metrics("functions-seen")
    dirs = ["pd-dir", "inside", "pd-dir"]
    assert of_rule(events, "begins", "name", "third", "kind") == [(name, name, "function") for name in dirs]
    ends = [("pd-dir", -errno.ENOTEMPTY, "ENOTEMPTY"), ("inside", 0, None), ("pd-dir", 0, None)]
    assert of_rule(events, "returns", "name", "ret", "errno") == ends
    assert of_rule(events, "probe", "name", "kind") == [("pd-dir", "kprobe"), ("pd-dir", "kprobe")]
    assert of_rule(events, "probe-returns", "ret", "errno") == [end[1:] for end in ends]
    assert by_label(metrics["inside_total"]) == {(): 3}
    several = [("vfs_rmdir", "pd-dir"), ("vfs_rmdir", "pd-dir"), ("vfs_unlink", "pd-there")]
    assert of_rule(events, "several", "target", "name") == several
    removed = [("vfs_rmdir", name, ret) for name, ret, _ in ends]
    assert of_rule(events, "several-return", "target", "name", "ret") == [*removed, ("vfs_unlink", "pd-there", 0)]
    assert by_label(metrics["changes_total"], "hook_name") == {("vfs_mkdir",): 2, ("vfs_unlink",): 1, ("vfs_rmdir",): 5}
    assert by_label(metrics["results_total"], "target", "result") == {("vfs_rmdir", "0"): 2, ("vfs_unlink", "0"): 1}
    opened = of_rule(events, "pointer", "name", "errno")
    assert opened == [("/run/pd-here/pd-there", None), ("/run/pd-here/pd-missing", "ENOENT")]
    assert [event[0] is None for event in of_rule(events, "pointer", "flags")] == [False, True]
    assert by_label(metrics["opened_total"], "process_comm") == {("pd-actor",): 1}
    assert int(metrics["not_there_total"][0]["value"]) >= 1


def test_many_functions_take_one_link_where_the_kernel_can(shell: Shell) -> None:
    with shell.case("functions-seen"):
        hooks = shell.run("get", "hooks").stdout
    assert ("kprobe_multi:vfs_rmdir+1-" in hooks) == (version() >= (6, 8))  # Debian builds 6.1 without CONFIG_FPROBE
    assert "fentry:vfs_rmdir" in hooks
    assert "fexit:vfs_rmdir" in hooks


def test_what_a_policy_denies_does_not_happen_and_in_monitor_mode_it_does(shell: Shell) -> None:
    with shell.case("functions-decided"):
        said = shell.act(
            """
            import errno, mmap
            os.mkdir("/tmp/pd-kept")
            open("/tmp/pd-file", "w").close()
            def tried(call):
                try: call()
                except OSError as error: return errno.errorcode[error.errno]
                return "done"
            print(tried(lambda: os.rmdir("/tmp/pd-kept")))
            print(tried(lambda: os.mkdir("/tmp/pd-refused")))
            print(tried(lambda: os.unlink("/tmp/pd-file")))
            mmap.mmap(-1, 4096).close()
            """
        )
        events, status = shell.events("functions-decided"), shell.policies()
        held, metrics = shell.events("functions-decided-not"), shell.metrics("functions-decided-not")
    assert said.split() == ["EROFS", "EDQUOT", "EFBIG"]
    assert [(event["rule"], event["verdict"]) for event in events] == [
        ("hook", "denied"),
        ("function", "denied"),
        ("result", "returned"),
    ]
    ((name, mode),) = of_rule(events, "function", "name", "mode")
    assert (name, int(mode, 8) | 0o022) == ("pd-refused", 0o777), "before the umask or after it: kernels differ"
    assert {(event["rule"], event["verdict"]) for event in held} >= {("hook", "would-deny"), ("result", "would-return")}
    assert int(metrics["anonymous_total"][0]["value"]) >= 1
    assert status["functions-decided"]["account"]["acted"] == 3
    assert status["functions-decided-not"]["account"]["unread"] == 0
    shell.act('os.rmdir("/tmp/pd-kept"); os.unlink("/tmp/pd-file")')
