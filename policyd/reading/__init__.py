"""Reading what policies put out: rings and maps in the kernel become events, metrics and accounts.

`kernel.port.Kernel` and the records pinned beside the maps come in; `sinks/` make text of what goes out.  Nothing here
changes a policy; taking events out of a ring is all that readers do to the kernel.
"""

from policyd.reading.policy import PolicyReader, open_policy
from policyd.reading.stream import Stream

__all__ = ["PolicyReader", "Stream", "open_policy"]
