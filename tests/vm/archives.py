"""The archives that kernels come from: Debian's, and Ubuntu's, whose kernels let programs decide what functions return.

In: a suite, names of packages.  Out: what there is, and files.  apt does the fetching and checks the signatures, with lists
of its own: the system's are not touched.  Called by `kernels.py`.
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

_DAYS = 7  # for so long a suite's lists are not asked for again
_TRIES, _PAUSE_SECONDS, _MOST_SECONDS = 3, 10.0, 240.0
"""How often something is fetched where that fails, with what pause, and how long one try may take."""
_NETWORK = ("-o", "Acquire::Retries=3", "-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30")


class LaneError(Exception):
    """Why a kernel cannot be run; the text is for the terminal."""


class UnavailableError(LaneError):
    """Why a kernel cannot be had on this machine: no mirror of its distribution is known."""


class NetworkError(LaneError):
    """What could not be fetched now."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where a distribution's kernels are, and how their packages are called.

    `image` finds release and version in the name of an image's package; `others` are flavours that lack modules which
    virtual machines need.  A kernel is some of `parts`.  `mirror` is the variable that says where to get them from; if it
    does not and the system does not know, debootstrap's `recipe` for the distribution does.
    """

    name: str
    suites: tuple[str, ...]
    parts: tuple[str, ...]
    image: re.Pattern[str]
    others: re.Pattern[str]
    keyring: str
    mirror: str
    recipe: Path | None = None

    @property
    def trust(self) -> str:
        """How apt is to check what it gets: by the archive's keys, where this system has them."""
        if self.recipe and not Path(self.keyring).exists():
            print(f"test-vm: no {self.keyring}: signatures of {self.name} are not checked")
            return "trusted=yes"
        return f"signed-by={self.keyring}"


DEBIAN = Archive(
    name="Debian",
    suites=("bookworm", "bookworm-backports", "trixie", "trixie-backports", "unstable"),
    parts=("image", "base", "binary", "modules"),  # one package, or (since 6.17) several
    image=re.compile(r"^linux-image-(?P<release>(?P<version>\d+\.\d+)\S*-amd64)$"),
    others=re.compile(r"-(cloud|rt)-|-unsigned$|-dbg$"),
    keyring="/usr/share/keyrings/debian-archive-keyring.gpg",
    mirror="POLICYD_DEBIAN_MIRROR",
)
"""Kernels are looked for in these suites, in this order; `newest` is what the last one has."""

UBUNTU = Archive(
    name="Ubuntu",
    suites=("noble-updates", "noble"),
    parts=("image-unsigned", "modules", "modules-extra"),
    image=re.compile(r"^linux-image-unsigned-(?P<release>(?P<version>\d+\.\d+)\S*-generic)$"),
    others=re.compile(r"-dbg"),
    keyring="/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    mirror="POLICYD_UBUNTU_MIRROR",
    recipe=Path("/usr/share/debootstrap/scripts/gutsy"),  # all of Ubuntu's suites are made alike
)


class Apt:
    """apt with lists, cache and sources of its own, for one suite."""

    def __init__(self, archive: Archive, suite: str) -> None:
        self.archive = archive
        self.directory = CACHE / "apt" / suite
        for name in ("lists/partial", "cache/archives/partial"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        source = f"deb [{archive.trust} arch=amd64] {_mirror(archive)} {suite} main\n"
        (self.directory / "sources.list").write_text(source)
        self.options = [
            *_NETWORK,
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
            self._fetch(["update", "--error-on=any"], CHECKOUT)
        except NetworkError as error:
            if not self._stamp.exists():
                raise
            print(f"test-vm: going on with old lists: {error}")
            return
        self._stamp.touch()

    def releases(self) -> list[str]:
        """Return the releases of all kernels of the generic flavour: the others lack modules that virtual machines need."""
        names = run(["apt-cache", *self.options, "pkgnames", "linux-image-"], CHECKOUT).split()
        found = (self.archive.image.match(name) for name in names if not self.archive.others.search(name))
        return [match["release"] for match in found if match and match["release"] != f"{match['version']}-amd64"]

    def download(self, names: Sequence[str], directory: Path) -> list[Path]:
        """Download those of the packages that there are."""
        known = set(run(["apt-cache", *self.options, "pkgnames", "linux-"], CHECKOUT).split())
        there = [name for name in names if name in known]
        try:
            self._fetch(["download", *there], directory)
        except NetworkError:
            self._stamp.unlink(missing_ok=True)  # the lists may name what the mirror has no more
            raise
        return list(directory.glob("*.deb"))

    def _fetch(self, words: list[str], directory: Path) -> None:
        """Run an apt-get that needs the network, again where it fails; `NetworkError`."""
        for left in reversed(range(_TRIES)):
            try:
                run(["apt-get", *self.options, "-qq", *words], directory, NetworkError, _MOST_SECONDS)
            except NetworkError as error:
                if not left:
                    raise
                print(f"test-vm: trying again: {error}", flush=True)
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def _mirror(archive: Archive) -> str:
    """Return where this system gets the distribution's packages from, or what the archive's variable says."""
    told = os.environ.get(archive.mirror)
    if told:
        return told
    form = "$(ORIGIN) $(COMPONENT) $(REPO_URI)"
    rows = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], CHECKOUT).splitlines()
    for origin, component, uri in (row.split(" ", 2) for row in rows if row.count(" ") == 2):
        if (origin, component) == (archive.name, "main") and "security" not in uri:
            return uri
    if archive.recipe and archive.recipe.exists():
        found = re.search(r"\*\)\s+default_mirror (\S+)", archive.recipe.read_text())
        if found:
            return found[1]
    raise UnavailableError(f"this system gets no packages of {archive.name}: set {archive.mirror} to the URL of a mirror")


def run(command: list[str], directory: Path, error: type[LaneError] = LaneError, seconds: float | None = None) -> str:
    """Run a program and return what it prints; `error` if it fails or takes longer than this."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise error(f"{' '.join(command[:1] + command[-2:])}: not done within {seconds:.0f} s") from None
    if done.returncode:
        raise error(f"{' '.join(command[:1] + command[-2:])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
