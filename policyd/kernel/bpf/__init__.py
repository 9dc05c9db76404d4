"""`bpf(2)` and libbpf through `ctypes`, and nowhere else.  A leaf: targets, builders and readers may import it."""
