"""These tests run in the guests of `scripts/test-vm` only; the fixtures are in `inside.py`."""

from __future__ import annotations

import os

collect_ignore_glob = [] if "POLICYD_VM" in os.environ else ["test_*.py"]
