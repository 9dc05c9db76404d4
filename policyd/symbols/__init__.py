"""Names for addresses: of the kernel, of programs by build id or memory map, and of code that was made at run time.

In: the frames of `stack.Stack`.  Out: a `stack.Symbol` for each, by `Symbols`.  Whatever it reads belongs to others
(programs, perf maps, names in them): sizes are bounded, caches too, and names are safe to show.
"""

from policyd.symbols.frames import Symbols

__all__ = ["Symbols"]
