"""The dashboard and the alert rules ask for metrics and labels that an agent exports, in PromQL that parses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from policyd.daemon.catalogue import catalogue

CHECKOUT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((CHECKOUT / "deploy/grafana/policyd.json").read_text(encoding="utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((CHECKOUT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
SCRAPED = {"instance", "job"}
"""Labels that Prometheus itself adds."""
LABELS: dict[str, set[str]] = {"up": set()} | {
    name: set(metric.labels) | extra
    for metric in catalogue()
    for name, extra in (
        [(f"{metric.name}_bucket", {"le"}), (f"{metric.name}_sum", set()), (f"{metric.name}_count", set())]
        if metric.type == "histogram"
        else [(metric.name, set[str]())]
    )
}
"""What can be asked for: name → labels."""


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expression(text: str) -> Any:
    """Parse PromQL, with Grafana's variables filled in."""
    return promql_parser.parse(text.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$policy", ".*"))


def selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for inner in parts(node):
        yield from selectors(inner)


def parts(node: Any) -> list[Any]:
    """Return the expressions right below one."""
    found = [getattr(node, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")]
    return [inner for inner in (*found, *(getattr(node, "args", None) or [])) if inner is not None]


def labels_below(node: Any) -> set[str]:
    return SCRAPED.union(*(LABELS[selector.name] for selector in selectors(node)))


def wrong(node: Any) -> Iterator[str]:
    """Yield what an expression asks for that nobody exports."""
    if isinstance(node, promql_parser.VectorSelector):
        if node.name not in LABELS:
            yield f"there is no metric {node.name}"
            return
        unknown = {matcher.name for matcher in node.matchers.matchers} - LABELS[node.name] - SCRAPED
        if unknown:
            yield f"{node.name} has no label {unknown}"
    for inner in parts(node):
        yield from wrong(inner)
    modifier = getattr(node, "modifier", None)
    if modifier is not None and all(selector.name in LABELS for selector in selectors(node)):
        asked = set(getattr(modifier, "labels", None) or [])
        matching = getattr(modifier, "matching", None)
        asked |= set(matching.labels) if matching is not None else set()
        if asked - labels_below(node):
            yield f"nothing below {node} has a label {asked - labels_below(node)}"


def left(node: Any) -> set[str]:
    """Return the labels that an expression's result can have."""
    if isinstance(node, promql_parser.AggregateExpr):
        if str(node.op) in {"topk", "bottomk"}:
            return left(node.expr)
        kept = set(node.modifier.labels) if node.modifier is not None else set[str]()
        return kept & left(node.expr)
    if isinstance(node, promql_parser.VectorSelector):
        return LABELS[node.name] | SCRAPED
    below = [left(inner) for inner in parts(node) if any(selectors(inner))]
    return set.union(*below) - ({"le"} if isinstance(node, promql_parser.Call) else set()) if below else set()


def test_the_check_finds_what_is_wrong() -> None:
    assert list(wrong(expression("policyd_lots_total"))) == ["there is no metric policyd_lots_total"]
    assert list(wrong(expression('policyd_lost_total{reason="x"}'))) == ["policyd_lost_total has no label {'reason'}"]
    assert list(wrong(expression("sum by (hook) (rate(policyd_lost_total[5m]))")))
    assert list(wrong(expression("policyd_map_entries / on (maps) policyd_map_max_entries")))
    assert not list(wrong(expression("sum by (policy, instance) (rate(policyd_lost_total[5m]))")))
    assert left(expression("sum by (policy) (rate(policyd_lost_total[5m])) > 0")) == {"policy"}


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_is_exported(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    for target in panel["targets"]:
        node = expression(target["expr"])
        assert list(wrong(node)) == []
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= left(node)


def test_panels_do_not_lie_upon_each_other_and_have_numbers_of_their_own() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_dashboard_shows_every_part() -> None:
    rows = [panel["title"].split(" (")[0] for panel in DASHBOARD["panels"] if panel["type"] == "row"]

    assert rows == ["Overview", "Policies", "Cost of hooks", "Loss", "Drift", "Sources", "Sinks", "Agents"]
    for variable in DASHBOARD["templating"]["list"]:
        for name in re.findall(r"label_values\((\w+)", str(variable["query"])):
            assert name in LABELS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_exported_and_says_what_to_do(rule: dict[str, Any]) -> None:
    node = expression(rule["expr"])
    assert list(wrong(node)) == []
    assert set(rule["labels"]) == {"severity"}
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    for text in rule["annotations"].values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= left(node)
        assert text.count("{{") == text.count("}}")
    assert len(rule["annotations"]["runbook"]) > 60


def test_there_is_an_alert_for_each_thing_that_can_go_wrong() -> None:
    asked = " ".join(rule["expr"] for rule in RULES)

    states = ("Refused", "Unreachable")
    for word in ("up{", "agent_healthy", "lost_total", "drift_found", "proven", "sink_dropped", "map_entries", *states):
        assert word in asked
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
