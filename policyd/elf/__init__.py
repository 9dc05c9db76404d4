"""Programs and shared libraries as files: where their functions and probes are, so that user-space hooks can be placed.

In: a path, or the name of a library.  Out: a `Binary`, with symbols by name, USDT probes with their arguments, the build id
and the identity of the file.  `host.py` hands `Binaries` to the resolver.  For the frames of stacks it is the other way
round: `CodeMap` gives the function that a place in the file is in, with what debug files add.  Files are foreign: whatever
is in them, an `ElfError` says what is wrong, and nothing larger than the limits of `image.py` is read.
"""

from policyd.elf.binaries import Binaries
from policyd.elf.binary import Binary
from policyd.elf.code_map import CodeMap
from policyd.elf.identity import build_id_of
from policyd.elf.image import ElfError, Image
from policyd.elf.libraries import find_library
from policyd.elf.operands import InMemory, InRegister, Literal, UsdtArgument
from policyd.elf.symbols import Symbol
from policyd.elf.usdt import UsdtProbe

__all__ = [
    "Binaries",
    "Binary",
    "CodeMap",
    "ElfError",
    "Image",
    "InMemory",
    "InRegister",
    "Literal",
    "Symbol",
    "UsdtArgument",
    "UsdtProbe",
    "build_id_of",
    "find_library",
]
