"""Every metric of policyd's own that an agent exports: for docs/metrics.md, and for the tests of dashboards and alerts."""

from __future__ import annotations

from policyd.api import metrics as api_metrics
from policyd.daemon import telemetry
from policyd.layout import ACCOUNT_COLUMNS
from policyd.reading.account import HookStatistics, account_families, hook_families
from policyd.views import families
from policyd.views.families import Metric


def catalogue() -> tuple[Metric, ...]:
    """Return all of them, sorted by name, each once."""
    found = {metric.name: metric for metric in (*families.METRICS, *telemetry.METRICS, *api_metrics.METRICS, *_read())}
    return tuple(found[name] for name in sorted(found))


def _read() -> list[Metric]:
    """Return those that are read from accounts and hooks, with the labels that they have in practice."""
    account = account_families({"x": dict.fromkeys(ACCOUNT_COLUMNS, 0)})
    hooks = hook_families([HookStatistics("x", (), 1, 1, 1)])
    return [
        Metric(row.name, row.type, row.help, (*(["policy"] if row.policy else []), *row.series[0][0]), row.unit)
        for row in (*account, *hooks)
    ]
