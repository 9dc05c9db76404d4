"""sources/gate.py: no bundle can stop or bloat who reads it, and what is refused says why."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from policyd.document import MAX_FILE_BYTES
from policyd.errors import PolicyError, Position
from policyd.files import SourceFile
from policyd.parsing import parse_files
from policyd.sources import gate
from policyd.sources.gate import Limits, parse
from policyd.sources.parse_child import MAX_PROBLEMS, NOBODY
from policyd.sources.source import Bundle, BundleFile, SourceError, make_bundle
from policyd.text import is_safe

CHECKOUT = Path(__file__).parents[2]
POLICY = """apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: %s}
spec:
  params: {big: {type: path, values: [%s]}}
  rules:
    - name: r
      hook: {syscall: openat}
      filters: [{field: args.filename, operator: In, valuesFrom: {param: big}}]
      outputs: [{event: {fields: [process]}}]
"""


def bundle(*files: bytes | str) -> Bundle:
    named = ((f"{number}.yaml", file.encode() if isinstance(file, str) else file) for number, file in enumerate(files))
    return make_bundle(BundleFile(name, data) for name, data in named)


def folder(path: Path) -> Bundle:
    return make_bundle(BundleFile(file.name, file.read_bytes()) for file in path.rglob("*.yaml"))


def run_instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the child run another program: a parser that was taken over, or that fails."""
    monkeypatch.setattr(gate, "_PROGRAM", f"import os, sys, time; sys.path += sys.argv[3:]\n{program}")


def refusal(of: Bundle, limits: Limits | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(of, "base", limits or Limits())
    return caught.value


# ------------------------------------------------------------------------------------------------ what comes through


def test_policies_come_through_with_their_places() -> None:
    given = folder(CHECKOUT / "policies")
    loaded = parse(given, "base")
    assert loaded == parse_files(SourceFile(f"base/{file.name}", file.data) for file in given.files)
    assert len(loaded.policies) == len(given.files)
    assert all(policy.source.startswith(f"base/{policy.name}.yaml:") for policy in loaded.policies)
    place = loaded.policies[0].position(("spec", "rules"))
    assert isinstance(place, Position)
    assert place.line > 1


@pytest.mark.parametrize("part", range(8))
def test_every_bad_policy_gets_the_problems_that_parsing_here_would_give(part: int) -> None:
    files = folder(CHECKOUT / "tests/bad_policies").files
    given = make_bundle(files[part::8])
    here = parse_files(SourceFile(f"base/{file.name}", file.data) for file in given.files)
    with pytest.raises(PolicyError) as caught:
        parse(given, "base")
    assert len(here.problems) < MAX_PROBLEMS
    assert caught.value.problems == here.errors + here.warnings
    assert is_safe(str(caught.value).replace("\n", ""))


def test_two_policies_of_one_name_in_two_files_are_an_error() -> None:
    with pytest.raises(PolicyError) as caught:
        parse(bundle(POLICY % ("same", "a"), POLICY % ("same", "b")), "base")
    assert "base/1.yaml:3:18: error: there are two policies `same`; the other is at base/0.yaml:3:18" in str(caught.value)


def test_errors_beyond_those_shown_are_counted() -> None:
    with pytest.raises(PolicyError) as caught:
        parse(bundle("\n---\n".join("kind: Policy" for _ in range(400))), "base")
    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    assert str(caught.value.problems[-1]) == "error: 200 more errors are not shown [too-many-problems]"


def test_nothing_is_parsed_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert parse(bundle(), "base").policies == ()


# ------------------------------------------------------------------------------------------------ bombs

BOMBS: dict[str, tuple[bytes, ...]] = {
    "deep": (b"[" * 200_000, b"a: " * 100_000),
    "deeper": (b"[" * MAX_FILE_BYTES,) * 4,
    "aliases": (b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (letter + 1, letter + 1, b",".join([b"*%c" % letter] * 9)) for letter in range(97, 110)
    ),),
    "NUL": (b"\0" * MAX_FILE_BYTES,) * 4,
    "keys": (b"a: {" + b",".join(b"k%d: 1" % number for number in range(200_000)) + b"}",),
    "text": (("a: " + "x" * (MAX_FILE_BYTES - 3)).encode(),) * 4,
}  # fmt: skip


def memory_peak() -> int:
    """Return the largest resident size so far, in bytes."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_leaves_the_reader_small(name: str) -> None:
    bomb = bundle(*BOMBS[name])
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc_pid_clear_refs(5))
    before = memory_peak()
    with pytest.raises((PolicyError, SourceError)) as caught:
        parse(bomb, "base")
    assert memory_peak() - before < 4 << 20
    assert len(str(caught.value)) < 100_000
    if isinstance(caught.value, SourceError):
        assert str(caught.value).startswith("parsing it takes more than 96Mi of memory")
        assert (caught.value.refused, caught.value.revision) == (True, bomb.revision)


def test_comments_without_end_are_no_policies_and_no_harm() -> None:
    assert parse(bundle(*[b"# x\n" * (MAX_FILE_BYTES // 4)] * 4), "base").policies == ()


def test_the_limit_of_memory_can_be_another() -> None:
    large = POLICY % ("a", ",".join(f"/u{number}" for number in range(50_000)))
    assert len(parse(bundle(large), "base").policies) == 1
    assert "more than 8Mi of memory" in str(refusal(bundle(large), Limits(memory=8 << 20)))


# ------------------------------------------------------------------------------------------------ the child fails


@pytest.mark.parametrize(
    ("program", "refused", "message"),
    [
        ("time.sleep(1000)", True, "parsing it takes more than 0.5 s"),
        ("sys.stdin.buffer.read(); time.sleep(1000)", True, "parsing it takes more than 0.5 s"),
        ("os.close(1); os.close(2); time.sleep(1000)", True, "parsing it takes more than 0.5 s"),
        ("os.kill(os.getpid(), 9)", False, "killed by somebody else"),
        ("os.kill(os.getpid(), 11)", True, "ended without an answer (SIGSEGV)"),
        ("sys.exit('no parser \\x1b[2J here')", True, "(status 1: no parser \\x1b[2J here)"),
        ("print('{\"policies\": 1}  x')", True, "ended without an answer (status 0)"),
        ('print(\'{"policies": "many"}\')', True, "ended without an answer (status 0)"),
        ("print('[' * 100000)", True, "ended without an answer"),
        ("while True: os.write(1, b'x' * 65536)", True, "ended without an answer"),
    ],
)
def test_a_child_that_fails_is_an_answer_too(
    monkeypatch: pytest.MonkeyPatch, program: str, refused: bool, message: str
) -> None:
    run_instead(monkeypatch, program)
    clock = 0.5 if "0.5 s" in message else 30.0
    error = refusal(bundle(POLICY % ("a", "x"), b"#" * (1 << 20)), Limits(clock=clock))
    assert message in str(error)
    assert (error.refused, error.transient) == (refused, not refused)
    assert is_safe(str(error))


def test_a_child_that_computes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "from policyd.sources.parse_child import give_away; give_away(1 << 20, 1)\nwhile True: pass")
    assert "more than 1 s of CPU" in str(refusal(bundle("x"), Limits(cpu=1)))


def test_no_child_to_be_had_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.sys, "executable", "/nowhere/python")
    error = refusal(bundle("x"))
    assert error.transient
    assert "no process for parsing could be started: No such file or directory" in str(error)


def test_what_a_child_says_is_not_believed_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "\x1b[2J\u202e"
    texts = dict.fromkeys(("code", "message", "file", "hint", "policy"), words)
    row = texts | {"column": 1, "path": [words, 3], "severity": "error"}
    for line, error in ((10**30, SourceError), (-1, SourceError), (7, PolicyError)):
        answer = json.dumps({"errors": 1, "problems": [row | {"line": line}]})
        run_instead(monkeypatch, f"print({answer!r})")
        with pytest.raises(error) as caught:
            parse(bundle("x"), "base")
        assert is_safe(str(caught.value).replace("\n", ""))


def test_a_child_that_lies_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "print('{\"policies\": 1}')")
    with pytest.raises(PolicyError) as caught:
        parse(bundle("kind: Policy"), "base")
    assert "base/0.yaml:1:1" in str(caught.value)


# ------------------------------------------------------------------------------------------------ the child's cage

CAGE = """
import json
facts = {"environment": dict(os.environ), "folder": os.getcwd(), "session": os.getsid(0) == os.getpid()}
facts["open"] = sorted(os.listdir("/proc/self/fd"))[:-1]
from policyd.sources.parse_child import give_away
give_away(64 << 20, 5)
def can(what):
    try:
        what()
    except (OSError, MemoryError):
        return False
    return True
facts["can"] = [name for name, what in {
    "read": lambda: open("/etc/passwd").close(),
    "write": lambda: open("/dev/shm/policyd-escape", "w").close(),
    "fork": lambda: os.fork() or os._exit(0),
    "memory": lambda: bytearray(128 << 20),
    "root": lambda: os.setuid(0),
    "connect": lambda: __import__("socket").socket(),
}.items() if can(what)]
facts["user"] = os.getuid()
print(json.dumps({"fault": json.dumps(facts)}))
"""


def test_the_child_can_do_nothing_but_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    run_instead(monkeypatch, CAGE)
    secret = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        facts = json.loads(str(refusal(bundle("x"))))
    finally:
        os.close(secret)
    assert facts["can"] == []
    assert {key: facts[key] for key in ("open", "folder", "session")} == {
        "open": ["0", "1", "2"],
        "folder": "/",
        "session": True,
    }
    assert "SECRET" not in facts["environment"]
    assert facts["user"] == (os.getuid() or NOBODY)


def left_by(before: tuple[set[str], set[threading.Thread], set[str]]) -> tuple[set[str], set[threading.Thread], set[str]]:
    """Return the descriptors, threads and children that this process has and did not have `before`."""
    descriptors = {path.name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    children = {pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}
    now = descriptors, set(threading.enumerate()), children
    return now[0] - before[0], now[1] - before[1], now[2] - before[2]


def test_nothing_is_left_of_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    before = left_by((set(), set(), set()))
    parse(bundle(POLICY % ("a", "x")), "base")
    run_instead(monkeypatch, "time.sleep(1000)")
    refusal(bundle(b"#" * (1 << 20)), Limits(clock=0.1))
    assert left_by(before) == (set(), set(), set())
