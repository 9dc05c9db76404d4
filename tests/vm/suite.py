"""One kernel's run: it boots once, saves its profile if that is not there, waits for what the host compiles, runs the suite.

In: a `Kernel` that was fetched.  Out: whether all passed, and `found.json` in its shared directory.  Called by `lane.py`.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

from archives import CHECKOUT, LaneError
from guests import Ended, boot
from kernels import Kernel
from load import compile_loop
from preparing import Preparation
from transcripts import Transcript

from policyd.kernel.features import PROBES
from policyd.profile import VERSION
from policyd.target import Target

PYTHON = CHECKOUT / ".venv/bin/python"
SECONDS = 3000.0
"""For a suite; it takes a tenth of that where nothing else runs, and the guest has the lowest priority."""
_KIND = hashlib.sha256(repr((VERSION, [probe.name for probe in PROBES])).encode()).hexdigest()[:12]
"""What a profile holds: one of another kind is saved anew."""
_preparing = threading.Lock()
"""Kernels take turns: templates and the like are shared."""


class Run:
    """`run()` does all of it; `passed`, `seconds` and `str()` then tell how it went."""

    def __init__(self, kernel: Kernel, transcript: Transcript, words: str) -> None:
        self.kernel, self.words = kernel, words
        self.passed, self.seconds = False, 0.0
        self._transcript = transcript
        self._profile = kernel.shared / f"{_KIND}.profile"
        self._prepared = kernel.shared / "cases.json"
        self._said, self._told = kernel.shared / "pytest.txt", 0

    def __str__(self) -> str:
        return f"{self.kernel.release} {'passed' if self.passed else 'FAILED'} in {self.seconds:.0f} s"

    def run(self) -> None:
        try:
            ended = self._boot()
            self.passed, self.seconds = ended.code == 0, ended.seconds
            if ended.code is None or not self._prepared.exists():
                self._transcript.say(f"{self.kernel.release}: {_what_happened(ended)}")
        except LaneError as error:
            self._transcript.say(f"{self.kernel.release}: {error}")
        finally:
            self._transcript.say(str(self))
            self._transcript.close()

    def _boot(self) -> Ended:
        kernel = self.kernel
        kernel.shared.mkdir(exist_ok=True)
        kernel.objects.mkdir(mode=0o700, exist_ok=True)
        self._said.write_text("")
        for path in (self._prepared, kernel.shared / "found.json"):
            path.unlink(missing_ok=True)
        compile_loop(kernel.shared)
        with _preparing:
            for folder in ("policyd", "tests/vm", "tests/kernel"):  # the guest sees the checkout, but cannot write into it
                compileall.compile_dir(str(CHECKOUT / folder), quiet=2)
        self._prepare_if_possible()
        return boot(kernel, self._command(), (kernel.shared, kernel.objects), SECONDS, self._attend)

    def _attend(self) -> None:
        """Compile as soon as there is a profile to compile for; copy what pytest says to the transcript."""
        self._prepare_if_possible()
        with self._said.open("rb") as file:
            file.seek(self._told)
            data = file.read()
        self._told += len(data)
        if data:
            self._transcript.write(data.decode(errors="replace"))

    def _prepare_if_possible(self) -> None:
        if self._profile.exists() and not self._prepared.exists():
            with _preparing:
                self._prepare()

    def _prepare(self) -> None:
        kernel, started = self.kernel, time.monotonic()
        guest, host = Target.load(self._profile), Target.running()
        # What the host's kernel lacks the guest has: it is the types that shall be those of another kernel.
        elsewhere = replace(host, features=guest.features, make_lists=guest.make_lists)
        elsewhere.save(kernel.shared / "elsewhere.profile")
        portable, prepared = Preparation(elsewhere, kernel.objects), Preparation(guest, kernel.objects)
        portable.add_portable()
        prepared.add_stages()
        prepared.add_cases()
        for preparation in (portable, prepared):
            preparation.compile()
        _appear(self._prepared, json.dumps(prepared.facts() | {"portable": portable.facts()["portable"]}))
        count = len(list(kernel.objects.iterdir()))
        self._transcript.say(f"{kernel.release}: {count} objects are there, {time.monotonic() - started:.0f} s")

    def _command(self) -> str:
        """Return the shell commands of the guest.

        A compiler could only run into the time limit: it cannot start there.  Whether a file may be opened the host decides,
        as root: the one that a test is refused is made the guest's own.
        """
        shared = self.kernel.shared
        return f"""
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
install -m 0600 /dev/null /run/shadow && mount --bind /run/shadow /etc/shadow
export PYTHONDONTWRITEBYTECODE=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYDANTIC_DISABLE_PLUGINS=__all__
if ! [ -e {self._profile} ]; then
    {PYTHON} -m policyd doctor --save-profile {shared}/new.profile >{self._said} 2>&1 || exit
    mv {shared}/new.profile {self._profile}
fi
mkdir -p -m 0700 /var/cache/policyd && mount --bind {self.kernel.objects} /var/cache/policyd
for library in $(ldd "$(readlink -f "$(command -v clang)")" | awk '/libLLVM/ {{print $3}}'); do
    mount --bind /dev/null $library
done
until [ -e {self._prepared} ]; do sleep 2; done
export POLICYD_VM={shared} PYTHONPATH=tests/vm:tests/kernel:tests
{PYTHON} -m pytest tests/vm -p inside --confcutdir=tests/vm -p no:cacheprovider -o faulthandler_timeout=240 --durations=15 \\
    -v -k '{self.words}' --color=no >>{self._said} 2>&1"""


def _appear(path: Path, text: str) -> None:
    """Write a file that another machine waits for: it is there as a whole, or not at all."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


def _what_happened(ended: Ended) -> str:
    tail = "\n".join(f"    {line}" for line in ended.console.read_text(errors="replace").splitlines()[-15:])
    how = f"the guest did not end well within {ended.seconds:.0f} s" if ended.code is None else f"exit code {ended.code}"
    return f"{how}; its console ({ended.console.relative_to(CHECKOUT)}) ends so:\n{tail}"
