"""policyd: a declarative eBPF policy engine."""

__version__ = "0.1.0"
