"""Names for addresses: of the kernel, of programs by build id or memory map, and of code that was made at run time."""
