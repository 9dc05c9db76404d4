# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH115, PTH123, PTH208, PTH211 (a Path object for each call is slow)
"""What kubelet does to the folder of a mounted ConfigMap (its AtomicWriter): a folder for each version, one link swapped.

Run as a program: `kubelet.py FOLDER FILES VERSIONS` publishes versions 1, 2, … as fast as it can.
"""

from __future__ import annotations

import os
import sys


def contents(version: int, files: int) -> dict[str, bytes]:
    """Return the files of a version: no two versions share a file."""
    return {f"p{number}.yaml": f"# version {version}, file {number}\n".encode() * 40 for number in range(files)}


def publish(folder: str, version: int, files: dict[str, bytes]) -> None:
    """Make a version the one that `..data` names, and remove the one before."""
    new = f"{folder}/..version_{version}"
    os.mkdir(new, 0o755)
    for name, data in files.items():
        with open(f"{new}/{name}", "wb", buffering=0) as file:
            file.write(data)
    before = os.readlink(f"{folder}/..data") if os.path.lexists(f"{folder}/..data") else ""
    os.symlink(f"..version_{version}", f"{folder}/..data_tmp")
    os.rename(f"{folder}/..data_tmp", f"{folder}/..data")
    for name in files:
        if not os.path.lexists(f"{folder}/{name}"):
            os.symlink(f"..data/{name}", f"{folder}/{name}")
    if before:
        for name in os.listdir(f"{folder}/{before}"):
            os.unlink(f"{folder}/{before}/{name}")
        os.rmdir(f"{folder}/{before}")


if __name__ == "__main__":
    place, count, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for each in range(1, last + 1):
        publish(place, each, contents(each, count))
