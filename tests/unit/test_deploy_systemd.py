"""deploy/systemd as it is in the repository; scripts/test-systemd runs it under the real systemd."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from policyd.config.load import parse_config
from policyd.privileges import ALWAYS, NETWORK, PROCESSES, TRACING, in_manifests, needs

FOLDER = Path(__file__).resolve().parents[2] / "deploy/systemd"
UNIT = FOLDER / "policyd.service"
MOST_EXPOSED = 30
"""Tenths of systemd's measure; 2.7 today, of which most is for being root, for BPF and for the host's network."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def directives(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_the_service_has_the_computed_capabilities_and_no_other() -> None:
    wanted = in_manifests(needs({ALWAYS, PROCESSES, *TRACING, *NETWORK}))[0]
    (given,) = directives("CapabilityBoundingSet")
    assert set(given.split()) == set(wanted.partition("=")[2].split())
    assert directives("AmbientCapabilities") == [""]
    assert directives("NoNewPrivileges") == ["yes"]


def test_every_folder_that_the_agent_writes_to_is_the_services_own() -> None:
    config = parse_config((FOLDER / "agent.yaml").read_bytes(), "agent.yaml")
    assert config.warnings == ()
    written = [where.path for where in config.listen if where.path]
    written += [sink.file.path for sink in config.sinks if sink.file]
    assert {str(Path(path).parent) for path in written} == {"/run/policyd", "/var/log/policyd"}
    assert directives("RuntimeDirectory") == directives("LogsDirectory") == directives("StateDirectory") == ["policyd"]


@needs_systemd
def test_systemd_finds_no_mistake_in_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^(Exec\w+=)/usr/bin/policyd", r"\1/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, UNIT.name in done.stderr) == (0, False), done.stderr


@needs_systemd
def test_systemd_calls_the_service_little_exposed() -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
