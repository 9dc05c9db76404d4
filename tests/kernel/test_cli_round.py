"""The command line as a user has it: each call is a process of its own, and what runs outlives all of them."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agents import until
from warm import policyd

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

_numbers = itertools.count(1)
PROGRAM = [sys.executable, "-m", "policyd"]

WATCH = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: cli-watch}
spec:
  description: Who asks for priorities
  params:
    watched: {type: pid, values: ['1']}
  rules:
    - name: asked
      hook: {syscall: getpriority}
      filters:
        - {field: process.pid, operator: In, valuesFrom: {param: watched}}
      outputs:
        - event: {fields: [process.pid, args.who]}
        - counter: {name: asked_total, help: Asked}
"""
ACTING = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: cli-acting}
spec:
  rules:
    - name: killed
      hook: {syscall: sched_get_priority_max}
      filters:
        - {field: args.policy, operator: Equal, value: 77}
      action: {signal: SIGUSR1}
"""
BROKEN = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: x}\nspec: {rules: [{nam: y}]}\n"


@dataclass
class Cli:
    """Calls of the program with a bpffs root of their own, in a directory of their own, each in a process of its own."""

    root: str
    directory: Path

    def __call__(self, *words: str, code: int = 0, stdin: str = "") -> str:
        """Call the program, expect `code`, and return its standard output (its errors, if `code` says that it fails)."""
        done = policyd("--root", self.root, *words, environment=dict(os.environ), directory=self.directory, text=stdin)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout if code in {0, 1} else done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "-o", "json", code=code))

    def write(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    root = Path(f"/sys/fs/bpf/pd_test_cli_{os.getpid()}_{next(_numbers)}")
    found = Cli(str(root), tmp_path)
    yield found
    policyd("--root", found.root, "confirm", environment=dict(os.environ), directory=tmp_path)
    found("delete", "--all", "--quiet")
    assert not root.exists(), [str(path) for path in root.rglob("*")]


def ask(times: int = 1) -> None:
    """Make this process ask for a priority."""
    for _ in range(times):
        os.getpriority(os.PRIO_PROCESS, 0)


def test_new_interpreters_find_what_earlier_ones_left(cli: Cli) -> None:
    def program(*words: str) -> str:
        done = subprocess.run([*PROGRAM, "--root", cli.root, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    program("apply", "-f", str(cli.directory / cli.write("watch.yaml", WATCH.replace("'1'", f"'{os.getpid()}'"))))
    ask(2)
    assert 'asked_total{policy="cli-watch"} 2' in program("metrics")
    assert "Ready" in program("get", "policies")
    assert "removed" in program("delete", "--all")


def test_a_policy_is_applied_read_changed_and_removed_by_separate_processes(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)
    assert "policy/cli-watch created" in cli("apply", "-f", file)
    assert cli("diff", "-f", file) == ""
    assert "policy/cli-watch unchanged" in cli("apply", "-f", file)

    ask()
    assert "policy/cli-watch changed" in cli("params", "set", "cli-watch", f"watched={os.getpid()}")
    ask(3)

    (item,) = cli.json("get", "policies")["items"]
    assert (item["status"]["phase"], item["status"]["account"]["delivered"]) == ("Ready", 3)
    events = [json.loads(line) for line in cli("events", "cli-watch", "-o", "json").splitlines()]
    assert len(events) == 3
    assert 'asked_total{policy="cli-watch"} 3' in cli("metrics")

    assert "policy/cli-watch removed" in cli("delete", "policy", "cli-watch")
    assert cli.json("get", "policies") == {"items": []}
    cli("describe", "policy", "cli-watch", code=4)


def test_delete_all_removes_the_root_unless_others_have_put_something_there(cli: Cli) -> None:
    cli("apply", "-f", cli.write("watch.yaml", WATCH))
    (theirs := Path(cli.root, "theirs")).symlink_to("/sys")
    cli("delete", "--all", "--set", "no-such-set")
    cli("delete", "--all")
    assert list(Path(cli.root).iterdir()) == [theirs]
    theirs.unlink()
    cli("delete", "--all")
    assert not Path(cli.root).exists()
    assert cli.json("get", "policies") == {"items": []}
    assert "no change is on trial" in cli("confirm", code=4)
    assert not Path(cli.root).exists()


def test_diff_shows_what_changed_in_the_file_and_what_somebody_changed_in_the_kernel(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)
    cli("apply", "-f", file)
    cli.write("watch.yaml", WATCH.replace("Who asks for priorities", "Who asks").replace("'1'", "'2'"))

    shown = cli("diff", "-f", file, code=1)
    assert "spec.description: Who asks for priorities → Who asks" in shown
    assert "spec.params.watched.values: +2 -1" in shown

    cli.write("watch.yaml", WATCH)
    (link,) = Path(cli.root).glob("hooks/*/link")
    link.unlink()
    assert "its link is not pinned any more" in cli("diff", "-f", file, code=1)
    assert "Degraded" in cli("get", "policies")
    cli("apply", "-f", file)
    assert "Ready" in cli("get", "policies")
    cli("diff", "-f", file)


def test_a_value_set_by_hand_outlives_apply_until_it_is_unset(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)
    cli("apply", "-f", file)
    cli("params", "set", "cli-watch", "watched=7,8")

    assert "set by hand to 7,8" in cli("diff", "-f", file)
    cli("apply", "-f", file)
    assert cli.json("params", "list")["items"][0]["values"] == ["7", "8"]
    cli("params", "unset", "cli-watch", "watched")
    assert cli.json("params", "list")["items"][0]["from"] == "file"

    cli("params", "set", "cli-watch", "watched=9")
    cli("apply", "-f", file, "--reset-params")
    assert cli.json("params", "list")["items"][0]["values"] == ["1"]


def test_wrong_values_and_names_of_params_change_nothing(cli: Cli) -> None:
    cli("apply", "-f", cli.write("watch.yaml", WATCH))

    assert "record:" not in cli("params", "set", "cli-watch", "watched=many", code=2)
    assert "it has watched" in cli("params", "set", "cli-watch", "nope=1", code=4)
    cli("params", "set", "nobody", "a=1", code=4)
    cli("params", "set", "cli-watch", "watched", code=64)
    assert cli.json("params", "list")["items"][0]["values"] == ["1"]


def test_what_get_prints_can_be_applied_again(cli: Cli) -> None:
    cli("apply", "-f", cli.write("watch.yaml", WATCH))

    text = cli("get", "policy", "cli-watch", "-o", "yaml")
    assert "policy/cli-watch unchanged" in cli("apply", "-f", "-", stdin=text)


def test_one_wrong_file_changes_nothing_and_all_problems_are_told(cli: Cli) -> None:
    cli.write("a.yaml", WATCH)
    cli.write("b.yaml", BROKEN)
    cli.write("c.yaml", BROKEN)

    told = cli("apply", "-f", ".", code=2)
    assert "b.yaml:4" in told
    assert "c.yaml:4" in told
    assert told.splitlines()[-1].startswith("4 errors")
    assert cli.json("get", "policies") == {"items": []}


def test_a_dry_run_attaches_nothing(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)

    assert "created (dry run" in cli("apply", "-f", file, "--dry-run=client")
    assert "created (dry run" in cli("apply", "-f", file, "--dry-run=kernel")
    assert cli.json("get", "policies") == {"items": []}
    assert cli.json("get", "hooks") == {"items": []}


def test_plan_lists_the_steps_and_apply_leaves_none(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)

    steps = cli.json("plan", "-f", file)["steps"]
    assert {step["step"] for step in steps} >= {"BuildProgram", "AttachHook", "SwapProgram", "WriteRecord"}
    cli("apply", "-f", file)
    assert cli.json("plan", "-f", file)["steps"] == []


def test_prune_keeps_to_its_set(cli: Cli) -> None:
    cli("apply", "-f", cli.write("watch.yaml", WATCH), "--set", "one")
    cli("apply", "-f", cli.write("acting.yaml", ACTING), "--set", "two")

    cli("apply", "-f", "watch.yaml", "--set", "two", code=9)
    assert "policy/cli-acting removed" in cli("apply", "-f", "watch.yaml", "--set", "two", "--adopt", "--prune")
    assert [item["status"]["set"] for item in cli.json("get", "policies")["items"]] == ["two"]
    assert "policy/cli-watch removed" in cli("delete", "--all", "--set", "two")


def test_it_is_said_that_nothing_acts_in_monitor_mode(cli: Cli) -> None:
    file = cli.write("acting.yaml", ACTING)

    assert "nothing acts" in cli("apply", "-f", file)
    cli.write("acting.yaml", ACTING.replace("spec:\n", "spec:\n  mode: enforce\n"))
    assert "spec.mode: added: enforce" in cli("diff", "-f", file, code=1)
    assert "nothing acts" not in cli("apply", "-f", file)
    assert cli.json("get", "policies")["items"][0]["status"]["mode"] == "enforce"


def test_a_change_on_trial_is_taken_back_unless_it_is_confirmed(cli: Cli) -> None:
    watch = cli.write("watch.yaml", WATCH)
    acting = cli.write("acting.yaml", ACTING)
    cli("apply", "-f", watch)

    assert "policy/cli-acting created" in cli("apply", "-f", acting, "--try", "1s")
    until(lambda: [item["metadata"]["name"] for item in cli.json("get", "policies")["items"]] == ["cli-watch"])
    cli("confirm", code=4)

    cli("apply", "-f", acting, "--try", "300s")
    assert len(waiting(cli)) == 1
    cli("confirm")
    until(lambda: not waiting(cli))
    assert len(cli.json("get", "policies")["items"]) == 2


def waiting(cli: Cli) -> list[str]:
    """Return the ids of the processes that the program has left behind: their directory is the program's."""
    found = []
    for process in Path("/proc").glob("[1-9]*"):
        with suppress(OSError):  # it has ended
            if (process / "cwd").readlink() == cli.directory:
                found.append(process.name)
    return found


def test_a_trial_can_be_taken_back_at_once(cli: Cli) -> None:
    watch = cli.write("watch.yaml", WATCH)
    cli("apply", "-f", watch, "--try", "300s")

    assert len(cli.json("get", "policies")["items"]) == 1
    assert "on trial" in cli("apply", "-f", watch, code=64)
    assert "policy/cli-watch removed" in cli("confirm", "--revert")
    assert cli.json("get", "policies") == {"items": []}


def test_a_second_apply_waits_for_the_lock_or_gives_up(cli: Cli) -> None:
    file = cli.write("watch.yaml", WATCH)
    cli("apply", "-f", file)
    holder = subprocess.Popen(["flock", "-x", cli.root, "sleep", "600"], start_new_session=True)
    try:
        until(lambda: subprocess.run(["flock", "-n", cli.root, "true"], check=False).returncode)
        assert "waiting" in cli("apply", "-f", file, "--lock-timeout", "500ms", code=8)
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
    cli("apply", "-f", file, "--lock-timeout", "30s")


def test_describe_and_get_hooks_agree_with_the_kernel(cli: Cli) -> None:
    cli("apply", "-f", cli.write("watch.yaml", WATCH))

    (hook,) = cli.json("get", "hooks")["items"]
    (program,) = hook["programs"]
    shown = json.loads(
        subprocess.run(["bpftool", "-j", "prog", "show", "id", str(program["id"])], capture_output=True, check=True).stdout
    )
    assert (shown["name"], shown["tag"]) == (program["name"], program["tag"])
    text = cli("describe", "policy", "cli-watch") + cli("describe", "hook", hook["name"])
    assert hook["name"] == "tracepoint:syscalls/sys_enter_getpriority"
    for words in ("Who asks for priorities", "counter asked_total", hook["name"], program["name"]):
        assert words in text


@pytest.mark.parametrize("words", [("get", "policies"), ("apply", "-f", "x.yaml"), ("delete", "--all"), ("doctor",)])
def test_without_root_it_is_said_that_root_is_needed(cli: Cli, words: tuple[str, ...]) -> None:
    cli.write("x.yaml", WATCH)
    cli.directory.chmod(0o755)
    for parent in list(cli.directory.parents)[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *PROGRAM, *words],
        capture_output=True, text=True, check=False, cwd=cli.directory,
    )  # fmt: skip

    assert (done.returncode, "needs root" in done.stderr) == (77, True), done.stderr


def test_a_root_that_others_can_enter_is_refused(cli: Cli) -> None:
    Path(cli.root).mkdir(mode=0o755)
    try:
        said = [cli("get", "policies", code=9), cli("apply", "-f", cli.write("watch.yaml", WATCH), code=9)]
        left = list(Path(cli.root).iterdir())
    finally:
        Path(cli.root).chmod(0o700)
    assert all("has mode 0755, so that others can get at it; expected 0700" in text for text in said)
    assert left == []
