"""Paths and times that hold when nobody says otherwise.  Imports nothing: the command line shows them in `--help`."""

from __future__ import annotations

SOCKET = "/run/policyd/agent.sock"
"""Where the agent listens and the command line asks."""

RECONCILE_SECONDS = 300.0
POLL_SECONDS = 60.0
DRIFT_SECONDS = 10.0
CANARY_SECONDS = 10.0
STATS_SECONDS = 60.0
STATS_WINDOW_SECONDS = 1.0
QUEUE_EVENTS = 65536
