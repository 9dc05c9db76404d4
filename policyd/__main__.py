"""`python -m policyd`."""

from __future__ import annotations

import sys

from policyd.cli import main

sys.exit(main())
