"""What of the library needs functions of the kernel or its security hooks, on this kernel: all at once, as shipped."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from inside import Shell, prepared, proven, version
from stages import LIBRARY, REFUSING, WATCHED, refusing

ACTOR = "pd-library"
ANYBODY = 4242


@pytest.fixture(scope="module")
def running() -> Iterator[Shell]:
    shell = Shell(lambda: ACTOR)
    told = prepared()["library"]["seen"]
    assert not told["error"], told["error"]
    shell.run("apply", *(word for file in LIBRARY for word in ("-f", str(file))))
    yield shell
    proven.update(map(tuple, told["ways"]))
    shell.delete_all()


def events(shell: Shell, policy: str) -> list[tuple[str, dict[str, object], str]]:
    """Return (rule, fields, verdict) of the events that the actor made, or that name no process."""
    found = [(event["rule"], event["fields"], event["verdict"]) for event in shell.events(policy)]
    return [one for one in found if one[1].get("process_comm", ACTOR) == ACTOR]


def test_files_that_live_shortly_are_told(running: Shell) -> None:
    running.act('open("/etc/pd-short", "w").close(); os.unlink("/etc/pd-short")')
    found = [fields for _, fields, _ in events(running, "file-lives") if str(fields["file"]).endswith("/pd-short")]
    assert found
    assert {(fields["made_by"], fields["removed_by"]) for fields in found} == {(ACTOR, ACTOR)}


def test_calls_of_file_systems_and_pages_in_memory_are_counted(running: Shell) -> None:
    running.act('open("/etc/pd-pages", "w").write("x" * 100000); open("/etc/pd-pages").read(); os.unlink("/etc/pd-pages")')
    called = {one["labels"]["call"] for one in running.metrics("file-calls")["file_calls_total"]}
    assert called >= {"vfs_read", "vfs_write", "vfs_open", "vfs_unlink"}
    (looked_up,) = running.metrics("page-cache")["page_cache_lookups_total"]
    assert looked_up["value"] > 0
    assert looked_up["labels"]["hook_name"] == ("mm_filemap_get_pages" if version() >= (6, 12) else "folio_mark_accessed")


def test_what_threads_wait_for_is_told_by_what_led_there(running: Shell) -> None:
    running.act("for _ in range(5): time.sleep(0.05)")
    found = json.loads(running.run("stacks", "off-cpu-stacks", "-o", "json").stdout)
    assert ACTOR in json.dumps(found)
    assert "nanosleep" in json.dumps(found)


def test_powers_that_are_asked_for_are_told_with_whether_they_are_held(running: Shell) -> None:
    running.act(f"libc.unshare(0x04000000); os.setresuid({ANYBODY}, {ANYBODY}, {ANYBODY}); libc.unshare(0x04000000)")
    asked = [one["labels"] for one in running.metrics("capability-uses")["capability_uses_asked"]]
    mine = {one["held"] for one in asked if one["comm"] == ACTOR and one["capability"] == "CAP_SYS_ADMIN"}
    assert mine == {"true", "false"}


def test_the_queue_of_a_server_is_told_as_another_connection_comes_in(running: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=7) as server:
        for _ in range(3):
            socket.create_connection(server.getsockname()).close()
        mine = {"port": str(server.getsockname()[1])}
    found = running.metrics("syn-backlog")
    assert [one["value"] for one in found["accept_queue_longest"] if one["labels"] == mine] == [2]
    assert [one["value"] for one in found["accept_queue_room"] if one["labels"] == mine] == [7]


def test_changes_of_watched_files_are_told_by_whatever_way(running: Shell) -> None:
    # /etc can be a mount of its own: names are then told from there.
    running.run("params", "set", "file-integrity", f"watched={WATCHED},/{Path(WATCHED).name}")
    running.act(
        f"""
        os.mkdir("{WATCHED}"); os.chdir("{WATCHED}")
        open("changed", "w").close(); os.chmod("changed", 0o600)
        os.link("changed", "linked"); os.rename("changed", "moved")
        os.unlink("linked"); os.unlink("moved"); os.rmdir("{WATCHED}")
        """
    )
    found = events(running, "file-integrity")
    assert {rule for rule, _, _ in found} == {"opened-for-writing", "attributes", "renamed", "removed"}
    assert {verdict for _, _, verdict in found} == {"would-deny"}
    assert any(str(fields.get("to")).endswith(f"/{Path(WATCHED).name}/moved") for _, fields, _ in found)


@pytest.fixture
def refused(tmp_path: Path) -> Iterator[Shell]:
    """A shell with the policies that refuse; the kernel's own protection of links is off, which would come before."""
    told = prepared()["library"]["refused"]
    assert not told["error"], told["error"]
    settings = [Path(f"/proc/sys/fs/protected_{kind}") for kind in ("symlinks", "hardlinks")]
    before = [setting.read_text() for setting in settings]
    Path(WATCHED).mkdir()
    shell = Shell(lambda: ACTOR)
    (tmp_path / "refused.yaml").write_text(refusing())
    try:
        for setting in settings:
            setting.write_text("0")
        shell.run("apply", "-f", str(tmp_path / "refused.yaml"))
        yield shell
    finally:
        shell.delete_all()
        shutil.rmtree(WATCHED)
        for setting, text in zip(settings, before, strict=True):
            setting.write_text(text)


TRY = """
import errno
def tried(call, *words):
    try: call(*words)
    except OSError as error: return errno.errorcode[error.errno]
    return "done"
"""


def test_watched_files_and_links_of_others_are_refused(refused: Shell) -> None:
    assert [file.stem for file in REFUSING] == ["file-integrity", "link-attacks"]
    shared = Path("/etc/pd-shared")
    shared.mkdir()
    try:
        shared.chmod(0o1777)
        (shared / "secret").write_text("root's")
        made = f'os.symlink("{shared}/secret", "{shared}/link"); print(tried(os.link, "{shared}/secret", "{shared}/hard"))'
        assert refused.act(TRY + f"os.setresuid({ANYBODY}, {ANYBODY}, {ANYBODY}); {made}") == "EACCES"
        assert refused.act(TRY + f'print(tried(open, "{shared}/link"), tried(open, "{shared}/secret"))') == "EACCES done"
        written = f'print(tried(open, "{WATCHED}/new", "w"), tried(open, "/etc/pd-elsewhere", "w"))'
        assert refused.act(TRY + written) == "EPERM done"
    finally:
        shutil.rmtree(shared)
        Path("/etc/pd-elsewhere").unlink(missing_ok=True)
    assert {verdict for _, _, verdict in events(refused, "link-attacks")} == {"denied"}
    proven.update(map(tuple, prepared()["library"]["refused"]["ways"]))
