"""Calls from their begin to their end, live: what is kept belongs to the call that ends, whatever happens in between.

Recursion, threads, signal handlers, jumps out of a call, exec and exit inside one, calls that were under way before anybody
looked, and replacing policies under load.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from agents import until
from codegen_cases import Rule, leaf, policy, rule
from conftest import Host, both_builders
from load import BY_LOOP, Kind, Load, compile_loop

from policyd.calls import PREFIX
from policyd.reading.policy import open_policy
from policyd.target import Target

pytestmark = pytest.mark.kernel

ERESTARTSYS = -512
"""What a call that a signal cut short returns to the kernel's own code (include/linux/errno.h); the program sees EINTR."""

PROGRAM = r"""
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static jmp_buf out;

/* Each returns what it is called with. */
__attribute__((noipa)) long deep(long n) { return n % 20 ? deep(n - 1) + 1 : n; }

__attribute__((noipa)) long plain(long n)
{
	if (n == 5)
		raise(SIGUSR1);
	if (n == 6)
		longjmp(out, 1);
	if (n == 7)
		_exit(0);
	if (n == 8)
		execl("/bin/true", "true", NULL);
	if (n == 9 && fork() > 0)
		wait(NULL);
	return n;
}

static void handler(int s) { plain(50); }

static void *many(void *number)
{
	for (long i = 0; i < 50; i++)
		deep((long) number * 10000 + i * 20 + 19);
	return NULL;
}

int main(int argc, char **argv)
{
	static char other_stack[65536];
	stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	pthread_t threads[4];

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	if (argc > 1) {
		for (long i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, many, (void *) (i + 1));
		for (long i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		return 0;
	}
	deep(40 + 19);
	plain(5);
	if (!setjmp(out))
		plain(6);
	plain(1);
	for (long n = 7; n <= 8; n++)
		if (!fork())
			plain(n);
	while (wait(NULL) > 0)
		;
	plain(9);
	plain(2);
	return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calling")
    (folder / "calling.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-O1", "-pthread", "-o", folder / "pd-calling", folder / "calling.c"], check=True)
    return folder / "pd-calling"


@pytest.fixture(params=["one link", "links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    has = Target.has
    if request.param == "links":
        monkeypatch.setattr(Target, "has", lambda self, feature: feature != "uprobe_multi" and has(self, feature))
    return str(request.param)


def calls(*rules: Rule) -> str:
    return policy("calls", rules, mode="enforce")


def showing(**fields: str) -> tuple[dict[str, object], ...]:
    return ({"event": {"fields": fields}},)


def events(host: Host, of: str) -> list[dict[str, Any]]:
    """Return the fields of all events of a rule so far, in the order in which they were read."""
    seen = _SEEN.setdefault(host.root, [])
    seen.extend((event.origin.rule, dict(event.fields)) for event in open_policy(host.kernel, "calls").events())
    return [fields for name, fields in seen if name == of]


_SEEN: dict[str, list[tuple[str, dict[str, Any]]]] = {}


def function(path: Path, symbol: str, phase: str = "call") -> dict[str, object]:
    return {"uprobe": {"path": str(path), "symbol": symbol, "phase": phase, "args": {"n": "s64"}, "ret": "s64"}}


def rows_left(host: Host) -> int:
    """Return how many calls are under way as far as the maps of calls know."""
    left = 0
    for name in host.kernel.list("shared"):
        if name.startswith(PREFIX):
            fd = host.kernel.open(f"shared/{name}")
            assert fd is not None
            left += len(list(host.kernel.items(fd)))
            host.kernel.close(fd)
    return left


# ------------------------------------------------------------------------------------------------ functions


@both_builders
def test_each_return_of_a_function_has_the_arguments_of_its_own_call(host: Host, program: Path, links: str) -> None:
    shown = showing(n="args.n", ret="ret", duration="duration")
    host.apply(
        calls(rule("deep", function(program, "deep"), (), shown), rule("plain", function(program, "plain"), (), shown))
    )
    subprocess.run([program], check=True)
    deep = events(host, "deep")
    assert [event["n"] for event in deep] == [*range(40, 60)], "the innermost of a recursion returns first"
    assert all(event["n"] == event["ret"] for event in deep)
    assert all(inner["duration"] < outer["duration"] for inner, outer in itertools.pairwise(deep))


def test_calls_that_never_return_leave_those_that_do_alone(host: Host, program: Path, links: str) -> None:
    """5: a signal's handler calls it on another stack; 6: left by a jump; 7: ends; 8: executes; 9: two return from one."""
    host.apply(calls(rule("plain", function(program, "plain"), (), showing(n="args.n", ret="ret", duration="duration"))))
    subprocess.run([program], check=True)
    found = events(host, "plain")
    assert [(event["n"], event["ret"]) for event in found] == [(50, 50), (5, 5), (1, 1), (None, 9), (2, 2), (9, 9), (2, 2)]
    assert [event["duration"] is None for event in found] == [event["n"] is None for event in found]
    assert host.account("calls")["unpaired"] == 1
    assert rows_left(host) == 2, "of the two that ended inside; the next call took the place of the one that was left"


def test_threads_in_one_function_at_a_time_are_told_apart(host: Host, program: Path) -> None:
    host.apply(calls(rule("deep", function(program, "deep", "exit"), (), showing(n="args.n", ret="ret"))))
    subprocess.run([program, "threads"], check=True)
    found = events(host, "deep")
    account = host.account("calls")
    assert len(found) == account["delivered"] == 4 * 50 * 20 - account["ring_full"]
    assert all(event["n"] == event["ret"] for event in found)
    assert account["unpaired"] == 0
    assert rows_left(host) == 0


def test_a_condition_on_an_argument_is_false_where_the_begin_was_not_seen(host: Host, tmp_path: Path) -> None:
    """The read is under way as the policy comes; what is asked of the next one is known."""
    own = [leaf("process.pid", "Equal", os.getpid()), leaf("ret", "Equal", 1)]
    hook = {"syscall": {"names": ["read"], "phase": "call"}}
    read_end, write_end = os.pipe()
    thread = threading.Thread(target=lambda: [os.read(read_end, 1) for _ in range(2)], daemon=True)
    thread.start()
    until(lambda: _waits(thread))
    host.apply(
        calls(
            rule("all", hook, own, showing(fd="args.fd", duration="duration", ret="ret")),
            rule("same", hook, [*own, leaf("args.fd", "Equal", read_end)], showing(fd="args.fd")),
        )
    )
    os.write(write_end, b"x")
    until(lambda: bool(host.account("calls")["unpaired"]))
    os.write(write_end, b"x")
    thread.join()
    every = [event for event in events(host, "all") if event["ret"] == 1]
    assert [event["fd"] for event in every[:2]] == [None, read_end]
    assert every[0]["duration"] is None
    assert [event["fd"] for event in events(host, "same")] == [read_end]
    assert host.account("calls")["unpaired"] == 1
    os.close(read_end)
    os.close(write_end)


def _waits(thread: threading.Thread) -> bool:
    state = Path(f"/proc/self/task/{thread.native_id}/syscall").read_text().split()
    return state[0] == "0"


# ------------------------------------------------------------------------------------------------ system calls

_ACTOR = """
import ctypes, mmap, os, signal, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def openat(address):
    return libc.syscall(257, -100, ctypes.c_void_p(address), 0, 0)
"""


def act(code: str, *arguments: str) -> str:
    """Run Python code as a program called `pd-actor`; return what it prints."""
    name = 'open("/proc/self/comm", "w").write("pd-actor")\n'
    found = subprocess.run(
        [sys.executable, "-c", _ACTOR + name + code, *arguments], check=True, capture_output=True, text=True
    )
    return found.stdout


ACTOR = [leaf("process.comm", "Equal", "pd-actor")]


@both_builders
def test_what_the_page_fault_of_a_call_kept_from_being_read_can_be_read_as_it_ends(host: Host, tmp_path: Path) -> None:
    """The name is on a page of a file that nobody has touched: only the kernel's own reading brings it into memory."""
    (tmp_path / "name").write_bytes(b"/pd/missing\0".ljust(4096, b"\0"))
    hook = {"syscall": {"names": ["openat"], "phase": "exit"}}
    host.apply(
        calls(
            rule(
                "begin", hook, [*ACTOR, leaf("ret", "Equal", -2)], showing(name="args.filename", late="late(args.filename)")
            ),
            rule("under", hook, [*ACTOR, {"field": "late(args.filename)", "operator": "Under", "values": ["/pd"]}]),
        )
    )
    act(
        """
file = os.open(sys.argv[1], os.O_RDWR)
cold = mmap.mmap(file, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
openat(ctypes.addressof(ctypes.c_char.from_buffer(cold)))
""",
        str(tmp_path / "name"),
    )
    found = [event for event in events(host, "begin") if event["late"] == "/pd/missing"]
    assert [(event["name"], event["late"]) for event in found] == [(None, "/pd/missing")]
    assert host.count("calls", "hits_total") == 1


def test_what_a_call_fills_in_is_read_as_it_ends(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello\0" + bytes(94))
    stat = {"before": "args.statbuf.st_size", "size": "late(args.statbuf.st_size)", "fd": "args.dfd"}
    peer = {"ip": "late(args.upeer_sockaddr.address.ip)", "port": "late(args.upeer_sockaddr.address.port)"}
    named = {"ip": "args.uservaddr.address.ip", "port": "args.uservaddr.address.port", "path": "args.uservaddr.address.path"}
    own = [leaf("process.pid", "Equal", os.getpid())]

    def ends(name: str) -> dict[str, object]:
        return {"syscall": {"names": [name], "phase": "exit"}}

    host.apply(
        calls(
            rule("read", ends("read"), [*own, leaf("ret", "Equal", 6)], showing(text="late(args.buf)")),
            rule("stat", ends("newfstatat"), [*own, leaf("args.filename", "Suffix", "/file")], showing(**stat)),
            rule("accept", ends("accept4"), own, showing(**peer)),
            rule("connect", {"syscall": "connect"}, own, showing(**named)),
        )
    )
    file = os.open(tmp_path / "file", os.O_RDONLY)
    assert os.read(file, 6) == b"hello\0"
    (tmp_path / "file").stat()
    os.close(file)
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind((address, 0))
            server.listen()
            client.connect(server.getsockname()[:2])
            with server.accept()[0]:
                expected = {"ip": address, "port": client.getsockname()[1]}
            assert events(host, "accept")[-1] == expected
            assert events(host, "connect")[-1] == {"ip": address, "port": server.getsockname()[1], "path": None}
    with socket.socket(socket.AF_UNIX) as unix, pytest.raises(FileNotFoundError):
        unix.connect("/tmp/pd-no-socket")
    assert events(host, "connect")[-1] == {"ip": None, "port": None, "path": "/tmp/pd-no-socket"}
    assert [event["text"] for event in events(host, "read")] == ["hello"]
    assert {"before": None, "size": 100, "fd": -100} not in events(host, "stat")
    assert any(event["size"] == 100 and event["before"] != 100 for event in events(host, "stat"))


def test_system_calls_that_are_interrupted_replaced_or_cut_off_keep_their_own_arguments(host: Host) -> None:
    """A handler that reads while a read is interrupted; an exec by a thread, which changes its number; one that fails."""
    host.apply(
        calls(
            rule("read", {"syscall": {"names": ["read"], "phase": "exit"}}, ACTOR, showing(fd="args.fd", ret="ret")),
            rule("exec", {"syscall": {"names": ["execve"], "phase": "call"}}, (), showing(file="args.filename", ret="ret")),
        )
    )
    told = act(
        """
slow, quick = os.pipe(), os.pipe()
os.write(quick[1], b"12345")
signal.signal(signal.SIGALRM, lambda *_: os.read(quick[0], 5) and os.write(slow[1], b"x"))
signal.setitimer(signal.ITIMER_REAL, 0.2)
os.read(slow[0], 1)
try: os.execv("/pd/missing", ["x"])
except OSError: pass
print(slow[0], quick[0], flush=True)
thread = threading.Thread(target=os.execv, args=("/bin/true", ["pd-true"]))
thread.start()
thread.join()
"""
    )
    slow, quick = map(int, told.split())
    reads = [(event["fd"], event["ret"]) for event in events(host, "read") if event["fd"] in {slow, quick}]
    assert reads[-3:] == [(slow, ERESTARTSYS), (quick, 5), (slow, 1)]
    execs = [(event["file"], event["ret"]) for event in events(host, "exec")]
    assert ("/pd/missing", -2) in execs
    assert ("/bin/true", 0) in execs, "the thread took over the number of the process's first"
    assert host.account("calls")["unpaired"] == 0


def test_all_system_calls_at_one_place_keep_only_those_that_a_rule_is_about(host: Host) -> None:
    """Through raw_syscalls; what 32-bit callers and others do there is not kept."""
    hook = {"syscall": {"names": ["getpgid", "getsid"], "phase": "call", "abi": ["Native", "Compat"]}}
    own = [leaf("process.pid", "Equal", os.getpid())]
    host.apply(calls(rule("own", hook, own, showing(pid="args.pid", ret="ret", duration="duration"))))
    assert {name.partition("-")[0] for name in host.kernel.list("hooks")} == {"tracepoint"}
    os.getpgid(os.getpid())
    os.getsid(1)
    found = events(host, "own")
    assert [event["pid"] for event in found] == [os.getpid(), 1]
    assert all(event["duration"] > 0 for event in found)
    assert host.account("calls")["unpaired"] == 0


# ------------------------------------------------------------------------------------------------ changes


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_loop(tmp_path_factory.mktemp("loop"))


WHOLE = "{syscall: {names: [getpgid], phase: call}}"
SAME = Kind(
    "same", WHOLE, BY_LOOP, ("args.pid, operator: Greater, value: 0", "args.pid, operator: GreaterOrEqual, value: 1")
)
OTHER = Kind(
    "other", WHOLE, BY_LOOP, ("args.pid, operator: NotEqual, value: 0", "process.uid, operator: GreaterOrEqual, value: 0")
)


@pytest.mark.parametrize("kind", [SAME, OTHER], ids=lambda kind: kind.name)
def test_replacing_under_load_sees_each_call_once_and_pairs_it_where_what_is_kept_stays(
    host: Host, loop: Path, kind: Kind
) -> None:
    """`same` keeps the same of each call; `other` keeps something, then nothing: the entry comes and goes, the end stays."""
    one, two = kind.versions()
    host.apply(one)
    load = Load(loop, "groups")
    load.start()
    for number in range(60):
        host.apply(one if number % 2 else two)
    made = load.finish()
    assert made > 20_000
    assert host.count("counted", "events_total") == made
    if kind is SAME:
        assert host.account("counted")["unpaired"] == 0


def test_the_program_at_the_begin_is_there_for_its_rule_and_goes_with_it(host: Host) -> None:
    hook = {"syscall": {"names": ["getpgid"], "phase": "exit"}}
    using = calls(rule("using", hook, [leaf("args.pid", "Equal", 7)]))
    without = calls(rule("using", hook, [leaf("ret", "Equal", 7)]))
    steps = host.pending_steps(using)
    assert "attach tracepoint:syscalls/sys_enter_getpgid (for rule calls/using, at the end of the calls)" in steps
    host.apply(using)
    assert len(host.kernel.list("hooks")) == 2
    (kept,) = (name for name in host.kernel.list("shared") if name.startswith(PREFIX))
    assert not host.pending_steps(using)
    host.kernel.unpin(f"shared/{kept}")
    assert any(kept in step and "removed from outside" in step for step in host.pending_steps(using))
    host.apply(using)
    assert not host.pending_steps(using)
    host.apply(without)
    assert len(host.kernel.list("hooks")) == 1
    assert not [name for name in host.kernel.list("shared") if name.startswith(PREFIX)]
