"""Load for the tests of replacing: a program that makes and counts events without a pause, and policies that see them."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LOOP = r"""
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static void on_term(int s) { (void)s; stop = 1; }

/* Calls getppid (argument `calls`; through the C library: `library`), asks for its own group as for another's (`groups`) or
 * sends UDP packets to 127.0.0.1:9 (`packets`) until SIGTERM; prints how many.
 */
int main(int argc, char **argv)
{
	int packets = argc > 1 && !strcmp(argv[1], "packets"), groups = argc > 1 && !strcmp(argv[1], "groups"), self = getpid();
	int library = argc > 1 && !strcmp(argv[1], "library");
	int fd = packets ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sigaction action = {.sa_handler = on_term};
	long long done = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	fflush(stdout);
	getchar();
	while (!stop) {
		if (groups)
			syscall(SYS_getpgid, self);
		else if (library)
			getppid();
		else if (!packets)
			syscall(SYS_getppid);
		else if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
			continue;
		done++;
	}
	printf("%lld\n", done);
	return 0;
}
"""

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: counted}
spec:
  rules:
    - name: all
      hook: HOOK
      filters:
        - {field: FIRST}
        - {field: SECOND}
      outputs:
        - counter: {name: events_total}
"""


@dataclass(frozen=True)
class Kind:
    """What is counted: two versions of a policy which see the same events by different conditions, and share a counter.

    `load` is what the loop is told to make.
    """

    name: str
    hook: str
    first: str
    second: tuple[str, str]
    load: str = "calls"

    def versions(self) -> tuple[str, str]:
        text = POLICY.replace("HOOK", self.hook).replace("FIRST", self.first)
        return text.replace("SECOND", self.second[0]), text.replace("SECOND", self.second[1])


BY_LOOP = "process.comm, operator: Equal, value: pd-loop"
OF_ANYBODY = ("process.uid, operator: GreaterOrEqual, value: 0", "process.pid, operator: Greater, value: 0")
CALLS = Kind("calls", "{syscall: getppid}", BY_LOOP, OF_ANYBODY)
LIBRARY = Kind("library", "{uprobe: {library: libc, symbol: getppid}}", BY_LOOP, OF_ANYBODY, "library")
PACKETS = Kind(
    "packets",
    "{xdp: {interfaces: [lo], mode: generic}}",
    "udp.dst_port, operator: Equal, value: 9",
    ("packet.length, operator: Greater, value: 0", "packet.length, operator: Greater, value: 1"),
    "packets",
)


def compile_loop(directory: Path) -> Path:
    """Return the program, compiled into a directory."""
    source, program = directory / "loop.c", directory / "pd-loop"
    source.write_text(LOOP)
    subprocess.run(["gcc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def received() -> int:
    """Return how many packets `lo` here has received: those that its queue dropped never came to XDP."""
    line = next(
        line for line in Path("/proc/thread-self/net/dev").read_text().splitlines() if line.strip().startswith("lo:")
    )
    return int(line.split()[2])


class Load:
    """The loop, running; `finish()` ends it and returns how many events it made."""

    def __init__(self, program: Path, kind: str, niceness: int = 0) -> None:
        command = ["nice", "-n", str(niceness), str(program), kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def start(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        time.sleep(0.05)

    def finish(self) -> int:
        time.sleep(0.05)
        self.process.terminate()
        out, _ = self.process.communicate(timeout=60)
        return int(out)
