"""From the configuration to outlets: every kind that can be written can be made, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from policyd.config.load import parse_config
from policyd.config.model import SinkConfig
from policyd.errors import LockError, PolicydError
from policyd.sinks.facts import AgentFacts
from policyd.sinks.kinds import KINDS, make_outlets
from policyd.sinks.outlet import Outlet
from policyd.sinks.sink import SinkError
from policyd.sinks.spool import SpoolError

HEAD = "apiVersion: policyd.dev/v1alpha1\nkind: Agent\nmetadata: {name: n}\nspec:\n  sinks:\n"
ALL = """
- {name: a, stdout: {}}
- {name: b, file: {path: DIR/events, maxSize: 1Mi, maxAge: 1d, keep: 3}, queue: 100}
- {name: c, syslog: {address: 'udp://127.0.0.1:514'}, filter: {policies: ['net-*'], minSeverity: high}}
- {name: d, journald: {}}
- {name: e, otlp: {endpoint: 'https://collector.example:4318/base', headers: {X-Key: DIR/key}, metrics: {interval: 1h}}}
- {name: f, webhook: {url: 'https://collector.example/hook?key=1', batch: 7, format: array, compress: true}}
- {name: g, socket: {path: DIR/socket}, spool: {path: DIR/spool, maxSize: 1Mi, sync: always}}
"""


def outlets(text: str, folder: Path) -> tuple[Outlet, ...]:
    document = HEAD + textwrap.indent(text.replace("DIR", str(folder)).lstrip("\n"), "    ")
    return make_outlets(parse_config(document.encode(), "agent.yaml").sinks, AgentFacts("node-1", "1", list))


def test_the_table_has_every_kind_that_can_be_written() -> None:
    assert set(KINDS) == set(SinkConfig.kinds)


def test_every_kind_can_be_made_and_says_where_it_goes(tmp_path: Path) -> None:
    made = outlets(ALL, tmp_path)
    statuses = [outlet.status() for outlet in made]
    assert [(status.name, status.kind, status.where) for status in statuses] == [
        ("a", "stdout", "stdout"),
        ("b", "file", f"{tmp_path}/events"),
        ("c", "syslog", "udp://127.0.0.1:514"),
        ("d", "journald", "/run/systemd/journal/socket"),
        ("e", "otlp", "https://collector.example:4318/base"),
        ("f", "webhook", "https://collector.example/hook"),
        ("g", "socket", f"{tmp_path}/socket"),
    ]
    assert not (tmp_path / "events").exists()  # before there is something to write
    for outlet in made:
        outlet.stop(0)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("- {name: a, file: {path: DIR/x}, spool: {path: DIR/no/spool, maxSize: 1Mi}}", SpoolError, "must exist"),
        ("- {name: a, socket: {path: DIR/no/socket}}", SinkError, "No such file"),
        (
            "- {name: a, stdout: {}, spool: {path: DIR/same, maxSize: 1Mi}}\n"
            "- {name: b, file: {path: DIR/x}, spool: {path: DIR/./same, maxSize: 1Mi}}",
            LockError,
            "a spool of its own",
        ),
    ],
)
def test_what_cannot_be_made_is_told_and_nothing_is_left_open(
    tmp_path: Path, text: str, error: type[PolicydError], message: str
) -> None:
    with pytest.raises(error, match=message):
        outlets("- {name: z, socket: {path: DIR/first}}\n" + text, tmp_path)
    assert not (tmp_path / "first").exists()
    again = outlets("- {name: a, stdout: {}, spool: {path: DIR/same, maxSize: 1Mi}}", tmp_path)
    again[0].stop(0)


def test_who_sends_nothing_over_http_does_not_pay_for_it() -> None:
    code = "import sys, policyd.sinks.kinds, policyd.sinks.file, policyd.daemon.pump; print('urllib3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
