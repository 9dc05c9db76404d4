"""Kernels of other versions for virtual machines: packages, unpacked into `.cache/kernels`, never installed.

In: a name (`6.1`, `6.12`, `newest`, `ubuntu-6.8`).  Out: a `Kernel`, of the newest package that the
distribution's suites have under that name now.  Called by `lane.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from archives import CACHE, DEBIAN, UBUNTU, Apt, LaneError, run

NEWEST = "newest"
_UBUNTU = "ubuntu-"

_BOOT_FILES = ("vmlinuz", "config")
"""What is in `boot/` with the release in its name, or (since 7.0) beside the modules."""


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
    apt, release = _newest(name)
    kernel = Kernel(name, release)
    if not (kernel.directory / "complete").exists():
        _unpack(kernel, apt)
    return kernel


def _newest(name: str) -> tuple[Apt, str]:
    """Return (where it is, release) of the newest kernel of a name."""
    archive = UBUNTU if name.startswith(_UBUNTU) else DEBIAN
    version = name.removeprefix(_UBUNTU)
    suites = archive.suites[-1:] if name == NEWEST else archive.suites
    for suite in suites:
        apt = Apt(archive, suite)
        apt.update()
        releases = [one for one in apt.releases() if name == NEWEST or version == ".".join(one.split(".")[:2])]
        if releases:
            return apt, max(releases, key=_numbers)
    raise LaneError(f"no suite of {archive.name} ({', '.join(suites)}) has a kernel {version} for amd64")


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def _unpack(kernel: Kernel, apt: Apt) -> None:
    """Download and unpack the packages, and list the modules for `modprobe`."""
    kernel.directory.mkdir(parents=True, exist_ok=True)
    for archive in apt.download([f"linux-{part}-{kernel.release}" for part in apt.archive.parts], kernel.directory):
        run(["dpkg-deb", "-x", archive.name, "."], kernel.directory)
        archive.unlink()
    if not (kernel.directory / "lib").exists():
        (kernel.directory / "lib").symlink_to("usr/lib")
    modules = kernel.directory / "lib/modules" / kernel.release
    for name in _BOOT_FILES:
        wanted = kernel.directory / f"boot/{name}-{kernel.release}"
        if not wanted.exists() and (modules / name).exists():
            wanted.parent.mkdir(exist_ok=True)
            wanted.symlink_to(modules / name)
    if not kernel.image.exists():
        raise LaneError(f"the packages of {kernel.release} hold no {kernel.image.name}")
    run(["depmod", "-b", str(kernel.directory), kernel.release], kernel.directory)
    (kernel.directory / "complete").touch()
