"""The API of a real agent: what it exports is what happened, and whoever reads slowly holds nobody up."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from agents import RunningAgent, running_agent, until
from conftest import Host

from policyd.api.openapi import document
from policyd.api.routes import ROUTES
from policyd.daemon.catalogue import catalogue
from policyd.kernel.bpf.stats import measuring

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: api-watch, labels: {{team: platform}}}}
spec:
  severity: high
  events: {{buffer: 4Mi}}
  rules:
    - name: asked
      hook: {{syscall: getpriority}}
      filters:
        - {{field: process.pid, operator: Equal, values: ['{pid}']}}
      outputs:
        - counter: {{name: asked_total, by: [process.comm]}}
        - event: {{fields: [process.pid, args.who]}}
"""
SAMPLE = re.compile(r"(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")


def port_of_its_own() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def agent(host: Host, tmp_path: Path) -> Iterator[tuple[RunningAgent, str]]:
    """An agent that runs the policy, and the base of its TCP address."""
    base = f"http://127.0.0.1:{port_of_its_own()}"
    with measuring(), running_agent(host.root, tmp_path, "--listen", base, "--canary", "1s") as found:
        found.write("watch.yaml", POLICY.format(pid=os.getpid()))
        found.becomes("Applied", "api-watch")
        yield found, base


def ask(count: int) -> None:
    """Make the event happen so many times; `args.who` counts."""
    for number in range(count):
        with suppress(ProcessLookupError):
            os.getpriority(os.PRIO_PROCESS, number % 30_000)


def scrape(running: RunningAgent) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return name → [(labels, value)] of all metrics."""
    text = running.client.text("/metrics")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            labels = dict(re.findall(r'([a-z_]+)="([^"]*)"', match["labels"] or ""))
            found.setdefault(match["name"], []).append((labels, float(match["value"])))
    return found


def value(found: dict[str, list[tuple[dict[str, str], float]]], name: str, **labels: str) -> float:
    return sum(number for known, number in found.get(name, ()) if labels.items() <= known.items())


def program(agent: RunningAgent, *words: str) -> str:
    environment = {**os.environ, "POLICYD_ROOT": agent.root}
    command = [sys.executable, "-m", "policyd", *words, "--socket", agent.client.path]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_what_is_exported_is_what_happened(agent: tuple[RunningAgent, str]) -> None:
    running, _ = agent
    ask(50)
    mine = {"policy": "api-watch"}
    counted = ("policyd_events_read_total", "policyd_events_delivered_total", "asked_total")  # not all looked at at once

    def settled() -> dict[str, list[tuple[dict[str, str], float]]] | None:
        now = scrape(running)
        all_seen = all(value(now, name, **mine) == 50 for name in counted)
        return now if all_seen and "policyd_policy_proven" in now else None

    found = until(settled)
    assert found is not None

    assert value(found, "asked_total", **mine) == 50
    assert (
        value(found, "policyd_events_matched_total", **mine) == value(found, "policyd_events_delivered_total", **mine) == 50
    )
    assert value(found, "policyd_lost_total", **mine) == value(found, "policyd_events_waiting", **mine) == 0
    assert value(found, "policyd_map_entries", map="asked_total", **mine) == 1
    assert value(found, "policyd_ring_size_bytes", **mine) == 4 << 20
    assert value(found, "policyd_policy_memory_bytes", **mine) > 4 << 20
    assert value(found, "policyd_source_state", source="base", state="Applied") == 1
    assert value(found, "policyd_policies", phase="Ready") == 1
    assert value(found, "policyd_hook_runs_total") >= 50
    assert 0 < value(found, "policyd_policy_cost_estimate_ratio", **mine) <= 1
    assert value(found, "policyd_reconcile_duration_seconds_count", source="base") >= 1
    assert value(found, "policyd_load_duration_seconds_count") >= 1
    assert value(found, "policyd_scrape_failed") == 0
    _is_all_that_is_listed(found)


def _is_all_that_is_listed(found: dict[str, list[tuple[dict[str, str], float]]]) -> None:
    """Every metric of the catalogue is there, unless nothing of its kind exists here, with its labels and no others."""
    unused = {"policyd_sink_", "policyd_series_left_out"}
    for metric in catalogue():
        name = metric.name + ("_bucket" if metric.type == "histogram" else "")
        if not metric.name.startswith(tuple(unused)):
            assert name in found, f"{name} is not exported"
            assert all(set(labels) - {"le"} == set(metric.labels) for labels, _ in found[name])
    known = {metric.name for metric in catalogue()} | {"asked_total"}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in found} <= known


def test_answers_are_as_documented_and_events_are_for_root(agent: tuple[RunningAgent, str]) -> None:
    running, base = agent
    described = document()
    for route in ROUTES:
        if route.method == "GET" and route.media == "application/json":
            path = route.path.replace("{name}", "api-watch" if "policies" in route.path else "base")
            answer = running.client.get(path)
            operation = described["paths"][route.path]["get"]["responses"]["200"]["content"]["application/json"]
            jsonschema.validate(answer, {**operation["schema"], "components": described["components"]})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{base}/api/v1/events", timeout=60)

    ask(3)
    lines = until(lambda: len(found := _events(running)) == 3 and found)
    assert [line["fields"]["args_who"] for line in lines] == [0, 1, 2]
    assert "api-watch/asked" in program(running, "events", "--tail", "1")
    assert _nobody_gets_in(running.client.path)


def _events(running: RunningAgent) -> list[dict[str, Any]]:
    """Return what `policyd events` prints through the agent, which reads the rings."""
    return [json.loads(line) for line in program(running, "events", "-o", "json").splitlines()]


def _nobody_gets_in(path: str) -> bool:
    script = (
        "import os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); socket.socket(1).connect(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    return "PermissionError" in done.stderr


def test_a_stream_that_nobody_reads_costs_no_event(agent: tuple[RunningAgent, str]) -> None:
    running, _ = agent
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(running.client.path)
        stuck.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: policyd\r\n\r\n")
        assert stuck.recv(15) == b"HTTP/1.1 200 OK"
        for _ in range(10):
            ask(3000)
            until(lambda: value(scrape(running), "policyd_events_waiting", policy="api-watch") < 2000)
        found = until(
            lambda: (
                (now := scrape(running)) and value(now, "policyd_events_read_total", policy="api-watch") == 30_000 and now
            )
        )
        assert value(found, "policyd_events_matched_total", policy="api-watch") == 30_000
        assert value(found, "policyd_lost_total", policy="api-watch") == 0

    (row,) = json.loads(program(running, "top", "-o", "json"))["policies"]
    assert (row["policy"], row["events"], row["lost"]) == ("api-watch", 30_000, 0)
    assert row["costEstimate"] is not None
