"""`policyd version`: what an issue report needs to say."""

from __future__ import annotations

import ctypes.util
import platform
import re
import shutil
import subprocess

import click

from policyd import __version__
from policyd.cli.output import print_json, say

LANGUAGE = "policyd.dev/v1alpha1"


@click.command()
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
def command(output: str | None) -> None:
    """Print the version of policyd, its tools and this kernel.

    \b
    Examples:
      policyd version
      policyd version -o json
    """
    found = versions()
    if output == "json":
        print_json(found)
        return
    width = max(map(len, found))
    for name, version in found.items():
        say(f"{name:<{width}}  {version or 'not found'}")


def versions() -> dict[str, str | None]:
    """Return names and versions in the order to show them; None for a tool that is not installed."""
    return {
        "policyd": __version__,
        "language": LANGUAGE,
        "python": platform.python_version(),
        "kernel": f"{platform.release()} {platform.machine()}",
        "clang": _clang_version(),
        "libbpf": ctypes.util.find_library("bpf"),
    }


def _clang_version() -> str | None:
    path = shutil.which("clang")
    if path is None:
        return None
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\S+)", told)
    return found[1] if found else path
