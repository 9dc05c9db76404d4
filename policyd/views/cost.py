"""What policies cost, as far as that can be told: the kernel measures hooks, which policies share.

A hook's run time is divided among the policies there by their number of rules.  That is an estimate, and is called one
wherever it is shown: a rule that matches costs more than one that does not, and a search in text more than a number.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policyd.record import PolicyRecord
    from policyd.status import HookView


def estimated_seconds(records: Mapping[str, PolicyRecord], hooks: Iterable[HookView]) -> dict[str, float]:
    """Return, by policy, its share of the time that its hooks took while `kernel.bpf_stats_enabled` was on."""
    rules = {name: Counter(rule.point for rule in record.rules) for name, record in records.items()}
    found = dict.fromkeys(records, 0.0)
    for hook in hooks:
        here = {name: rules[name][hook.key] for name in hook.policies if name in rules}
        total = sum(here.values())
        for name, count in here.items():
            found[name] += hook.run_time_ns * 1e-9 * count / total if total else 0.0
    return found
