"""The command line on a host that is broken: every call is a process in a mount namespace where something is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shell import CHECKOUT, Shell

from policyd.builders.compiler import find_clang

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PROGRAM = f"{sys.executable} -m policyd"
POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: steady}
spec:
  rules:
    - name: asked
      hook: {syscall: {names: getpriority, abi: [Native, Compat]}}
      outputs: [{counter: {name: asked_total, help: Asked}}]
"""
CHANGED = POLICY.replace("outputs:", "filters: [{field: args.who, operator: Equal, value: 0}]\n      outputs:")
EMPTY_CACHE = "mount -t tmpfs none /var/cache"


class BrokenHost(Shell):
    """A shell whose commands can run with the host changed by a script, which nobody else sees."""

    def broken(self, script: str, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run `script` and then `policyd WORDS…` in a mount namespace of their own; no traceback may be shown."""
        command = f"set -e\n{textwrap.dedent(script)}\nexec {PROGRAM} {' '.join(words)}"
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", command],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"POLICYD_ROOT": self.root, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=CHECKOUT,
            timeout=100,
        )
        assert "Traceback" not in done.stderr
        assert "policyd: line" not in done.stderr
        return done

    def programs(self) -> list[object]:
        """Return the kernel's ids of every link and program: they stay the same if nothing was changed."""
        found = json.loads(self.run("get", "hooks", "-o", "json").stdout)["items"]
        assert found
        return [(hook["name"], hook["link"], [program["id"] for program in hook["programs"]]) for hook in found]


@pytest.fixture
def host() -> Iterator[BrokenHost]:
    shell = BrokenHost(f"/sys/fs/bpf/pd_test_hostile_{os.getpid()}")
    yield shell
    shell.remove_all()


@pytest.fixture
def steady(host: BrokenHost) -> BrokenHost:
    host.run("apply", "-f", "-", text=POLICY)
    return host


CLANGS = {
    "one that fails without a word": ("exit 1", "clang made no object"),
    "one that crashes": ("kill -SEGV $$", "clang died of signal 11"),
    "one that writes nothing": ("exit 0", "its output of 0 bytes is no BPF object"),
    "one that writes rubbish": ("echo rubbish", "is no BPF object"),
    "one that writes another program": ("cat /bin/true", "is no BPF object"),
    "one that never stops writing": ("cat /dev/zero", "clang"),
    "one that says terminal codes": ("printf '<stdin>:1:1: error: \\033]0;x\\007' >&2; exit 1", "\\x1b]0;x\\x07"),
}


@pytest.mark.parametrize(("script", "said"), CLANGS.values(), ids=CLANGS)
def test_a_broken_clang_leaves_what_runs_alone(steady: BrokenHost, tmp_path: Path, script: str, said: str) -> None:
    before = steady.programs()
    clang = tmp_path / "clang"
    clang.write_text(f"#!/bin/sh\n{script}\n")
    clang.chmod(0o755)

    done = steady.broken(f"{EMPTY_CACHE}\nmount --bind {clang} {find_clang().path}", "apply -f -", text=CHANGED)

    assert done.returncode == 1, done.stderr
    assert "policy/steady left out" in done.stdout
    assert said in done.stdout
    assert "its previous version goes on" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert steady.programs() == before


def test_a_clang_that_cannot_be_started_is_named(steady: BrokenHost, tmp_path: Path) -> None:
    before = steady.programs()
    clang = tmp_path / "clang"
    clang.write_text("#!/no/such/interpreter\n")
    clang.chmod(0o755)

    done = steady.broken(f"{EMPTY_CACHE}\nmount --bind {clang} {find_clang().path}", "apply -f -", text=CHANGED)

    assert done.returncode == 1, done.stderr
    assert f"{find_clang().path} cannot be run: No such file or directory; install" in done.stdout
    assert steady.programs() == before


def test_without_clang_all_that_needs_no_compiler_works_and_bcc_does_the_rest(steady: BrokenHost) -> None:
    missing = f"{EMPTY_CACHE}\nmount -t tmpfs none {find_clang().path.parent}"

    done = steady.broken(missing, "--builder clang apply -f -", text=CHANGED)
    assert done.returncode == 1
    assert "clang is not installed (needs clang 12); install the package clang" in done.stdout
    assert steady.broken(missing, "--builder clang apply -f -", text=POLICY).returncode == 0
    flipped = POLICY.replace("spec:", "spec:\n  suspend: true")
    assert "policy/steady changed" in steady.broken(missing, "--builder clang apply -f -", text=flipped).stdout
    assert steady.broken(missing, "diff -f -", text=CHANGED).returncode == 1
    assert steady.broken(missing, "--builder clang validate --compile -", text=POLICY).returncode == 5
    assert "bcc is installed, clang is not" in steady.broken(missing, "doctor", text="").stdout
    assert "policy/steady changed" in steady.broken(missing, "apply -f -", text=CHANGED).stdout


CACHES = {
    "a full disk": ("mount -t tmpfs -o size=16k none /var/cache", "No space left on device"),
    "a read-only disk": ("mount -t tmpfs -o ro none /var/cache", "Read-only file system"),
    "a directory of everybody": (f"{EMPTY_CACHE}; mkdir -m 777 /var/cache/policyd", "closed to all others"),
    "a symbolic link": (f"{EMPTY_CACHE}; ln -s /tmp /var/cache/policyd", "Not a directory"),
    "a file": (f"{EMPTY_CACHE}; echo x > /var/cache/policyd", "Not a directory"),
}


@pytest.mark.parametrize(("script", "why"), CACHES.values(), ids=CACHES)
def test_a_cache_that_cannot_be_used_costs_a_warning(host: BrokenHost, script: str, why: str) -> None:
    done = host.broken(script, "apply -f -", text=POLICY)
    assert done.returncode == 0, done.stderr
    assert "warning: compiled objects are not cached: " in done.stderr
    assert why in done.stderr
    assert done.stdout == "policy/steady created\n"


def test_damaged_cache_entries_are_made_again(host: BrokenHost, tmp_path: Path) -> None:
    again = f"{PROGRAM} -q apply -f {{}} >&2\n{PROGRAM} -q delete --all >&2"
    policy = tmp_path / "steady.yaml"
    policy.write_text(POLICY)
    damages = ("truncate -s 900 $f", "printf XXXX | dd of=$f bs=1 seek=3000 conv=notrunc 2>/dev/null", "chown nobody $f")
    script = EMPTY_CACHE + "\n" + again.format(policy)
    for damage in (*damages, "rm $f; ln -s /etc/passwd $f", "rm $f; mkfifo $f"):
        script += f"\nfor f in /var/cache/policyd/*; do {damage}; done\n{again.format(policy)}"
    script += (
        "\nfor f in /var/cache/policyd/*; do [ -f $f ] && [ ! -h $f ] && [ -O $f ] && [ $(stat -c %s $f) -gt 900 ]\ndone"
    )
    done = host.broken(script, "apply", "-f", str(policy))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "policy/steady created\n"


def test_bpffs_is_mounted_where_it_is_not(host: BrokenHost) -> None:
    script = f"umount -l /sys/fs/bpf\n{PROGRAM} apply -f - >&2\n{PROGRAM} get policies >&2"
    done = host.broken(script, "delete --all", text=POLICY)
    assert done.returncode == 0, done.stderr
    assert "steady" in done.stderr
    assert done.stdout == "policy/steady removed\n"
    assert not Path(host.root).exists()


def test_without_a_place_for_bpffs_the_missing_directory_is_named(host: BrokenHost) -> None:
    done = host.broken("umount -l /sys/fs/bpf; mount -t tmpfs -o ro none /sys/fs", "apply -f -", text=POLICY)
    assert done.returncode == 7
    assert "/sys/fs/bpf does not exist" in done.stderr


@pytest.mark.parametrize("words", ["render -", "explain hook raw_tracepoint:sched_process_exec", "doctor"])
def test_without_btf_it_is_said_what_the_kernel_lacks(host: BrokenHost, words: str) -> None:
    done = host.broken("mount -t tmpfs none /sys/kernel/btf", words, text=POLICY)
    assert done.returncode == 5, done.stderr
    assert "BTF" in done.stderr


def test_root_without_capabilities_is_refused_by_the_kernel_and_told(steady: BrokenHost) -> None:
    before = steady.programs()
    command = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *PROGRAM.split(), "apply", "-f", "-"]
    environment = os.environ | {"POLICYD_ROOT": steady.root}
    text = CHANGED.replace("steady", "other")
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT)
    assert done.returncode in {1, 7}, done.stderr
    assert "EPERM" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert steady.programs() == before


ANYBODY = {
    0: ("validate -", "render -", "explain hooks", "version", "schema", "completion bash", "--help"),
    77: (
        *("apply -f -", "apply -f - --dry-run=client", "diff -f -", "plan -f -", "delete --all", "confirm", "params list"),
        *("params set a b=c", "params unset a b", "get policies", "describe policy a", "events", "metrics", "doctor"),
    ),
}


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize(("code", "words"), [(code, words) for code, rows in ANYBODY.items() for words in rows])
def test_a_user_is_told_what_needs_root(code: int, words: str) -> None:
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*nobody, *PROGRAM.split(), *words.split()],
        input=POLICY,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd="/",
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 77:
        assert "needs root" in done.stderr
        assert "sudo" in done.stderr
