"""policyd.config: a whole document, the command line that says the same, and what holds without either."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.config.address import Listen, SyslogAddress
from policyd.config.load import from_options, load_config, parse_config
from policyd.config.model import AgentConfig, GitRef
from policyd.config.options import Options
from policyd.errors import ConfigError, UsageError

HEAD = "apiVersion: policyd.dev/v1alpha1\nkind: Agent\nmetadata: {name: node-agent, labels: {tier: edge}}\nspec:\n"
WHOLE = (
    HEAD
    + """
  sources:
    - name: base
      directory: {path: /etc/policyd/policies}
      allowEmpty: true
      adopt: true
      suspend: true
    - name: team
      git:
        url: https://git.example/team/policies.git
        ref: {branch: main}
        path: policies
        interval: 90s
        verify: {mode: HEAD, keys: /etc/policyd/keys/allowed_signers}
        allowOlder: [0a23456789012345678901234567890123456789]
        credentials: {username: /dev/null, password: /dev/null, caFile: /etc/ca.pem}
        webhook: {secret: /dev/null}
      dependsOn: base
  interval: 1h30m
  drift: {mode: report, interval: 500ms}
  canary: {interval: 0}
  listen: ['unix:/run/policyd/agent.sock', 'http://[::1]:9633', 'http://0.0.0.0:80']
  allowRemote: true
  enrich: {containers: false, users: false, node: true, dns: false}
  sinks:
    - name: log
      file: {path: /var/log/events.jsonl, maxSize: 1.5Mi, keep: 0, compress: false}
      filter: {policies: ['net-*', a], minSeverity: medium, labels: {team: platform}}
      fields: {include: process, exclude: ['process.args'], redact: ['args.*password*']}
      queue: 10
      spool: {path: /var/spool/policyd/log, maxSize: 256Mi}
    - {name: out, stdout: {}}
    - {name: sys, syslog: {address: 'udp://[::1]:514'}}
    - {name: sys2, syslog: {}}
    - {name: jrn, journald: {}}
    - {name: otel, otlp: {endpoint: 'https://collector:4318', headers: {Authorization: /dev/null}, metrics: {interval: 15s}}}
    - {name: web, webhook: {url: 'https://hooks.example/x?y=1', batch: 7, timeout: 3s}}
    - {name: loc, socket: {path: /run/policyd/events.sock}}
  detachOnExit: true
  log: {format: json}
"""
)


@pytest.fixture(scope="module")
def whole() -> AgentConfig:
    return parse_config(WHOLE.encode(), "agent.yaml")


def test_every_key_arrives_where_it_belongs(whole: AgentConfig) -> None:
    base, team = whole.sources
    assert (whole.name, whole.labels, whole.source) == ("node-agent", (("tier", "edge"),), "agent.yaml")
    assert (base.given_kind, base.allow_empty, base.adopt, base.suspend) == ("directory", True, True, True)
    assert team.git is not None
    assert team.git.verify is not None
    assert team.git.credentials is not None
    assert (team.given_kind, team.git.ref, team.git.path) == ("git", GitRef(branch="main"), "policies")
    assert (team.git.verify.mode, team.git.verify.keys) == ("HEAD", ("/etc/policyd/keys/allowed_signers",))
    assert (team.git.allow_older, team.depends_on) == (("0a23456789012345678901234567890123456789",), ("base",))
    assert (whole.drift.mode, whole.allow_remote, whole.detach_on_exit, whole.log.format) == ("report", True, True, "json")
    assert (whole.enrich.containers, whole.enrich.users, whole.enrich.node) == (False, False, True)
    assert [sink.given_kind for sink in whole.sinks] == [
        "file", "stdout", "syslog", "syslog", "journald", "otlp", "webhook", "socket",
    ]  # fmt: skip


def test_times_are_seconds_and_sizes_bytes(whole: AgentConfig) -> None:
    assert whole.sources[1].git is not None
    assert (whole.interval, whole.drift.interval, whole.canary.interval) == (5400.0, 0.5, 0.0)
    assert whole.sources[1].git.interval == 90.0
    sink = whole.sinks[0]
    assert sink.file is not None
    assert sink.spool is not None
    assert (sink.file.max_size, sink.spool.max_size, sink.queue) == (1536 << 10, 256 << 20, 10)


def test_addresses_are_parts(whole: AgentConfig) -> None:
    assert whole.listen == (
        Listen(path="/run/policyd/agent.sock"), Listen(host="::1", port=9633), Listen(host="0.0.0.0", port=80),
    )  # fmt: skip
    assert [address.commands for address in whole.listen] == [True, False, False]
    assert [address.remote for address in whole.listen] == [False, False, True]
    assert [sink.syslog.address for sink in whole.sinks if sink.syslog] == [
        SyslogAddress("udp", host="::1", port=514),
        SyslogAddress("unix", path="/dev/log"),
    ]


def test_an_empty_spec_is_an_agent_that_repairs() -> None:
    config = parse_config((HEAD + "  {}\n").encode(), "f")
    assert config == from_options(Options()).model_copy(update={"name": "node-agent", "labels": (("tier", "edge"),)})
    assert (config.sources, config.sinks, config.drift.mode) == ((), (), "repair")
    assert config.listen == (Listen(path="/run/policyd/agent.sock"),)


def test_a_file_is_read_from_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(WHOLE)
    assert load_config(str(file)).source == str(file)


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_secret_that_few_can_read_is_no_warning(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "token"
    secret.write_text("x")
    secret.chmod(mode)
    text = f"  sinks: [{{name: a, webhook: {{url: 'https://h', headers: {{A: {secret}}}}}}}]\n"
    assert parse_config((HEAD + text).encode(), "f").warnings == ()


# ------------------------------------------------------------------------------------------------ the command line


def test_options_make_the_document_that_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = Options(
        sources=("/etc/policyd/policies", "team=git+https://git.example/team/policies.git#main:policies"),
        sinks=("stdout", "log=file:events.jsonl", "syslog:udp://h:514"),
        listen=("unix:/run/a.sock",),
        interval="1m",
        drift="report",
        drift_interval="5s",
        canary="0",
        log_format="json",
        detach_on_exit=True,
    )
    text = f"""apiVersion: policyd.dev/v1alpha1
kind: Agent
metadata: {{name: agent}}
spec:
  sources:
    - {{name: policies, directory: {{path: /etc/policyd/policies}}}}
    - name: team
      git: {{url: 'https://git.example/team/policies.git', ref: {{branch: main}}, path: policies}}
  sinks:
    - {{name: stdout, stdout: {{}}}}
    - {{name: log, file: {{path: {tmp_path}/events.jsonl}}}}
    - {{name: syslog, syslog: {{address: 'udp://h:514'}}}}
  listen: ['unix:/run/a.sock']
  interval: 1m
  drift: {{mode: report, interval: 5s}}
  canary: {{interval: 0}}
  log: {{format: json}}
  detachOnExit: true
"""
    assert from_options(options) == parse_config(text.encode(), "f")


@pytest.mark.parametrize(
    ("word", "ref", "path"),
    [
        ("git+file:///srv/p.git", GitRef(), ""),
        ("git+file:///srv/p.git#:a/b", GitRef(), "a/b"),
        ("git+file:///srv/p.git#release/1", GitRef(branch="release/1"), ""),
        ("git+file:///srv/p.git#refs/heads/x:a", GitRef(branch="x"), "a"),
        ("git+file:///srv/p.git#refs/tags/v1", GitRef(tag="v1"), ""),
        ("git+file:///srv/p.git#" + "0a" * 20, GitRef(commit="0a" * 20), ""),
    ],
)
def test_a_ref_is_a_branch_a_tag_or_a_commit(word: str, ref: GitRef, path: str) -> None:
    (source,) = from_options(Options(sources=(word,))).sources
    assert source.git is not None
    assert (source.name, source.git.ref, source.git.path) == ("p", ref, path)


def test_a_folder_is_named_by_its_last_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Team A").mkdir()
    monkeypatch.chdir(tmp_path)
    (source,) = from_options(Options(sources=("./Team A/",))).sources
    assert source.directory is not None
    assert (source.name, source.directory.path) == ("team-a", str(tmp_path / "Team A"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(drift="repeir"), "--drift repeir: `repeir` is no `mode`: repair or report"),
        (Options(canary="10"), "--canary 10: `10` has no unit (use `10s` for seconds)"),
        (Options(sinks=("fil:x",)), "--sink `fil:x`: kinds are"),
        (Options(sinks=("file",)), "--sink file: the sink `file` needs `path`"),
        (Options(sinks=("stdout:x",)), "--sink `stdout:x`: stdout takes no value"),
        (Options(sources=("https://git.example/p.git",)), "a git repository is written as git+URL"),
        (Options(sources=("git+ssh://h:x/p.git",)), "--source git+ssh://h:x/p.git: this is no URL"),
        (Options(sources=("a=/x", "a=/y")), "--source a=/y: there are two sources `a`; the other is at `--source a=/x`"),
        (Options(listen=("http://0.0.0.0:1",)), "--listen http://0.0.0.0:1: other hosts can reach"),
        (Options(listen=("\x1b[2J",)), "--listen \\x1b[2J: `\\x1b[2J` is no address"),
    ],
)
def test_a_wrong_option_is_named(options: Options, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_options(options)
    assert message in str(caught.value)
    assert "\0" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_options_replace_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(WHOLE)
    config = load_config(str(file), Options(drift="repair", sinks=("stdout",), listen=("unix:/run/x.sock",)))
    assert (config.drift.mode, config.drift.interval) == ("repair", 0.5)
    assert [sink.name for sink in config.sinks] == ["stdout"]
    assert config.listen == (Listen(path="/run/x.sock"),)
    assert len(config.sources) == 2


def test_a_file_and_an_option_that_are_both_wrong_are_both_told(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(HEAD + "  interval: 60\n")
    with pytest.raises(ConfigError) as caught:
        load_config(str(file), Options(drift="repeir"))
    assert "agent.yaml:5:13: error: `60` has no unit" in str(caught.value)
    assert "error: --drift repeir: `repeir` is no `mode`" in str(caught.value)
