"""Kernels of other versions for virtual machines: Debian's packages, unpacked into `.cache/kernels`, never installed.

In: a name (`6.1`, `6.12`, `newest`).  Out: a `Kernel`, of the newest package that Debian's suites have under that name now.
apt does the fetching and checks the signatures, with lists of its own: the system's are not touched.  Called by `lane.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache/kernels"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
NEWEST = "newest"

_SUITES = ("bookworm", "bookworm-backports", "trixie", "trixie-backports", "unstable")
"""Where a kernel is looked for, in this order; `newest` is what the last one has."""
_DAYS = 7  # for so long a suite's lists are not asked for again
_PARTS = ("image", "base", "binary", "modules")
"""A kernel is one package, or (since 6.17) several."""
_BOOT_FILES = ("vmlinuz", "config")
"""What is in `boot/` with the release in its name, or (since 7.0) beside the modules."""
_IMAGE = re.compile(r"^linux-image-(?P<release>(?P<version>\d+\.\d+)\S*-amd64)$")
_OTHER_FLAVOURS = re.compile(r"-(cloud|rt)-|-unsigned$|-dbg$")


class LaneError(Exception):
    """Why a kernel cannot be run; the text is for the terminal."""


class UnavailableError(LaneError):
    """Why a kernel cannot be had on this machine: no mirror of Debian is known, or none answers."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: `release` is what `uname -r` says in it, `name` what was asked for."""

    name: str
    release: str

    @property
    def directory(self) -> Path:
        return CACHE / self.release

    @property
    def image(self) -> Path:
        return self.directory / f"boot/vmlinuz-{self.release}"

    @property
    def shared(self) -> Path:
        """What the host and a guest tell each other; it and `objects` are what the guest may write into."""
        return self.directory / "shared"

    @property
    def objects(self) -> Path:
        """The guest's object cache."""
        return self.directory / "objects"


def fetch(name: str) -> Kernel:
    """Return the kernel of this name, fetched and unpacked unless it is there; `LaneError`."""
    suite, release = _newest(name)
    kernel = Kernel(name, release)
    if not (kernel.directory / "complete").exists():
        _unpack(kernel, suite)
    return kernel


def _newest(name: str) -> tuple[str, str]:
    """Return (suite, release) of the newest kernel of a name."""
    for suite in _SUITES[-1:] if name == NEWEST else _SUITES:
        apt = _Apt(suite)
        apt.update()
        releases = [one for one in apt.releases() if name in {NEWEST, ".".join(one.split(".")[:2])}]
        if releases:
            return suite, max(releases, key=_numbers)
    raise LaneError(f"no suite of Debian ({', '.join(_SUITES)}) has a kernel {name} for amd64")


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def _unpack(kernel: Kernel, suite: str) -> None:
    """Download and unpack the packages, and list the modules for `modprobe`."""
    apt = _Apt(suite)
    kernel.directory.mkdir(parents=True, exist_ok=True)
    for archive in apt.download([f"linux-{part}-{kernel.release}" for part in _PARTS], kernel.directory):
        _run(["dpkg-deb", "-x", archive.name, "."], kernel.directory)
        archive.unlink()
    if not (kernel.directory / "lib").exists():
        (kernel.directory / "lib").symlink_to("usr/lib")
    modules = kernel.directory / "usr/lib/modules" / kernel.release
    for name in _BOOT_FILES:
        wanted = kernel.directory / f"boot/{name}-{kernel.release}"
        if not wanted.exists() and (modules / name).exists():
            wanted.parent.mkdir(exist_ok=True)
            wanted.symlink_to(modules / name)
    if not kernel.image.exists():
        raise LaneError(f"the packages of {kernel.release} hold no {kernel.image.name}")
    _run(["depmod", "-b", str(kernel.directory), kernel.release], kernel.directory)
    (kernel.directory / "complete").touch()


class _Apt:
    """apt with lists, cache and sources of its own, for one suite."""

    def __init__(self, suite: str) -> None:
        self.directory = CACHE / "apt" / suite
        for name in ("lists/partial", "cache/archives/partial"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        source = f"deb [signed-by={KEYRING} arch=amd64] {_mirror()} {suite} main\n"
        (self.directory / "sources.list").write_text(source)
        self.options = [
            *("-o", f"Dir::Etc::sourcelist={self.directory}/sources.list", "-o", "Dir::Etc::sourceparts=-"),
            *("-o", f"Dir::State::lists={self.directory}/lists", "-o", f"Dir::Cache={self.directory}/cache"),
            *("-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"),
            *("-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"),
        ]
        self._stamp = self.directory / "updated"

    def update(self) -> None:
        """Fetch the suite's lists; older ones will do where that is not possible."""
        if self._stamp.exists() and time.time() - self._stamp.stat().st_mtime < _DAYS * 86400:
            return
        try:
            _run(["apt-get", *self.options, "-qq", "update"], CHECKOUT, UnavailableError)
        except UnavailableError as error:
            if not self._stamp.exists():
                raise
            print(f"test-vm: going on with old lists: {error}")
            return
        self._stamp.touch()

    def releases(self) -> list[str]:
        """Return the releases of all kernels of the generic flavour: the others lack modules that virtual machines need."""
        names = _run(["apt-cache", *self.options, "pkgnames", "linux-image-"], CHECKOUT).split()
        found = (_IMAGE.match(name) for name in names if not _OTHER_FLAVOURS.search(name))
        return [match["release"] for match in found if match and match["release"] != f"{match['version']}-amd64"]

    def download(self, names: Sequence[str], directory: Path) -> list[Path]:
        """Download those of the packages that there are."""
        known = set(_run(["apt-cache", *self.options, "pkgnames", "linux-"], CHECKOUT).split())
        there = [name for name in names if name in known]
        try:
            _run(["apt-get", *self.options, "-qq", "download", *there], directory, UnavailableError)
        except UnavailableError:
            self._stamp.unlink(missing_ok=True)  # the lists may name what the mirror has no more
            raise
        return list(directory.glob("*.deb"))


def _mirror() -> str:
    """Return where this system gets Debian from; `POLICYD_DEBIAN_MIRROR` says it where that is not known."""
    told = os.environ.get("POLICYD_DEBIAN_MIRROR")
    if told:
        return told
    form = "$(ORIGIN) $(COMPONENT) $(REPO_URI)"
    rows = _run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], CHECKOUT).splitlines()
    for origin, component, uri in (row.split(" ", 2) for row in rows if row.count(" ") == 2):
        if (origin, component) == ("Debian", "main") and "security" not in uri:
            return uri
    raise UnavailableError("this system gets no packages of Debian: set POLICYD_DEBIAN_MIRROR to the URL of a mirror")


def _run(command: list[str], directory: Path, error: type[LaneError] = LaneError) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise error(f"{' '.join(command[:1] + command[-2:])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
