"""The lane `vm`: fetch kernels, save their profiles, compile for them, boot each once, run the suite in it.

Called by `scripts/test-vm`, which has installed what this needs and says where modules are (this folder and tests/kernel).
"""

from __future__ import annotations

import argparse
import compileall
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import page
from guests import Ended, boot
from kernels import CHECKOUT, NEWEST, Kernel, LaneError, fetch
from load import compile_loop
from preparing import Preparation

from policyd.profile import VERSION
from policyd.target import Target

DEFAULT = ("6.1", "6.12")
PYTHON = CHECKOUT / ".venv/bin/python"
BOOT_SECONDS = 300.0
"""For the first boot, which saves the profile; it takes 40 s on a quiet machine."""
SUITE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Share:
    """The directories of one kernel that its guest may write into."""

    kernel: Kernel

    @property
    def found(self) -> Path:
        return self.kernel.directory / "shared"

    @property
    def objects(self) -> Path:
        return self.kernel.directory / "objects"

    @property
    def profile(self) -> Path:
        return self.found / f"kernel-{VERSION}.profile"

    @property
    def said(self) -> Path:
        return self.found / "pytest.txt"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-vm", description="Run tests/vm on kernels of other versions.")
    parser.add_argument("kernels", nargs="*", default=DEFAULT, metavar="KERNEL", help=f"6.1, 6.12 (the default), {NEWEST}…")
    parser.add_argument("-k", default="", metavar="WORDS", help="only the tests that pytest's -k selects")
    parser.add_argument("--write-docs", action="store_true", help="write what was found into docs/kernels.md")
    options = parser.parse_args()
    failed = []
    for name in options.kernels:
        try:
            share = _ready(fetch(name))
            if not _run_suite(share, options.k):
                failed.append(name)
            elif options.write_docs:
                page.write(name, json.loads((share.found / "found.json").read_text()))
        except LaneError as error:
            say(f"{name}: {error}")
            failed.append(name)
    if failed:
        say(f"FAILED on {', '.join(failed)}")
    return 1 if failed else 0


def _ready(kernel: Kernel) -> Share:
    """Prepare all that can be prepared on the host."""
    share = Share(kernel)
    share.found.mkdir(exist_ok=True)
    share.objects.mkdir(mode=0o700, exist_ok=True)
    if not share.profile.exists():
        say(f"{kernel.release}: saving its profile")
        ended = boot(kernel, f"{PYTHON} -m policyd doctor --save-profile {share.profile}", (share.found,), BOOT_SECONDS)
        if ended.code != 0:
            raise LaneError(_what_happened(ended))
    started = time.monotonic()
    mine = share.found / "host.profile"
    Target.running().save(mine)
    portable = Preparation(mine, share.objects)
    portable.add_portable()
    portable.compile()
    prepared = Preparation(share.profile, share.objects)
    prepared.add_stages()
    prepared.add_cases()
    prepared.compile()
    (share.found / "cases.json").write_text(json.dumps(prepared.facts()))
    compile_loop(share.found)
    for folder in ("policyd", "tests/vm", "tests/kernel"):  # the guest sees the checkout, but cannot write into it
        compileall.compile_dir(str(CHECKOUT / folder), quiet=2)
    say(f"{kernel.release}: {len(list(share.objects.iterdir()))} objects are there, {time.monotonic() - started:.0f} s")
    return share


def _run_suite(share: Share, words: str) -> bool:
    """Boot, run, and show what pytest says while it says it."""
    share.said.write_text("")
    (share.found / "found.json").unlink(missing_ok=True)
    teller = _Teller(share.said)
    ended = boot(share.kernel, _command(share, words), (share.found, share.objects), SUITE_SECONDS, teller.tell)
    if ended.code is None:
        say(f"{share.kernel.release}: {_what_happened(ended)}")
    say(f"{share.kernel.release}: {'passed' if ended.code == 0 else 'FAILED'}, {ended.seconds:.0f} s")
    return ended.code == 0


def _command(share: Share, words: str) -> str:
    """Return the shell commands of the guest.

    A compiler could only run into the time limit: it cannot start there.  Whether a file may be opened the host decides, as
    root: the one that a test is refused is made the guest's own.
    """
    return f"""
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
install -m 0600 /dev/null /run/shadow && mount --bind /run/shadow /etc/shadow
mkdir -p -m 0700 /var/cache/policyd && mount --bind {share.objects} /var/cache/policyd
for library in $(ldd "$(readlink -f "$(command -v clang)")" | awk '/libLLVM/ {{print $3}}'); do
    mount --bind /dev/null $library
done
export POLICYD_VM={share.found} PYTHONPATH=tests/vm:tests/kernel PYTHONDONTWRITEBYTECODE=1
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYDANTIC_DISABLE_PLUGINS=__all__
{PYTHON} -m pytest tests/vm -p inside --confcutdir=tests/vm -p no:cacheprovider -o faulthandler_timeout=240 --durations=8 \
    -v -k '{words}' --color=no >{share.said} 2>&1"""


def _what_happened(ended: Ended) -> str:
    tail = "\n".join(f"    {line}" for line in ended.console.read_text(errors="replace").splitlines()[-15:])
    how = f"the guest did not end well within {ended.seconds:.0f} s" if ended.code is None else f"exit code {ended.code}"
    return f"{how}; its console ({ended.console.relative_to(CHECKOUT)}) ends so:\n{tail}"


class _Teller:
    """Copies what a growing file says to the terminal."""

    def __init__(self, path: Path) -> None:
        self._path, self._told = path, 0

    def tell(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._told)
            data = file.read()
        self._told += len(data)
        sys.stdout.write(data.decode(errors="replace"))
        sys.stdout.flush()


def say(text: str) -> None:
    print(f"test-vm: {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"test-vm: {error}")
