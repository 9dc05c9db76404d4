"""Every problem of a configuration has a bad one in tests/bad_configs, with the messages that it gets beside it.

As with policies, there is no switch that writes the messages: each was read by somebody before it was committed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.config.codes import CONFIG_CODES
from policyd.config.keys import keys, parts
from policyd.config.load import from_options, load_config, parse_config
from policyd.config.options import Options
from policyd.errors import ConfigError, Problem, UsageError
from policyd.text import is_safe

FOLDER = Path(__file__).parent.parent / "bad_configs"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def problems(path: str) -> tuple[Problem, ...]:
    try:
        return load_config(path).warnings
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("case", CASES)
def test_a_bad_configuration_gets_exactly_its_messages(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    found = problems(f"{case}.yaml")
    assert "".join(f"{problem}\n" for problem in found) == Path(f"{case}.txt").read_text()
    assert case.split(".", maxsplit=1)[0] in {problem.code for problem in found}
    assert all(problem.position is not None for problem in found)


def test_every_code_has_a_bad_configuration() -> None:
    assert {case.split(".")[0] for case in CASES} >= set(CONFIG_CODES)


def test_a_file_that_is_not_there_is_named() -> None:
    (problem,) = problems("/nowhere/agent.yaml")
    assert problem.code == "unreadable-file"
    assert "/nowhere/agent.yaml" in problem.message


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    (problem,) = problems(str(tmp_path))
    assert problem.severity == "error"


def test_a_password_in_a_url_is_not_shown() -> None:
    text = (
        "apiVersion: policyd.dev/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec: {sources: [{name: a, git: {url: %s}}]}\n"
    )
    for url in ("https://user:hunter2@git.example/p.git", "http://user:hunter2@git.example/p.git", "ssh://u:hunter2@h/p"):
        with pytest.raises(ConfigError) as caught:
            parse_config((text % url).encode(), "agent.yaml")
        assert "hunter2" not in str(caught.value)


def test_a_secret_that_was_written_out_is_not_shown() -> None:
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec:\n"
    text = head + "  sinks: [{name: a, webhook: {url: 'https://h', headers: {A: hunter2}}}]\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "agent.yaml")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        'interval: "\\e[2J"',
        'listen: ["http://\\e[2J:80", "unix:/\\e[2J"]',
        'sources: [{name: "\\e[2J", directory: {path: "/\\e[2J"}, dependsOn: ["\\e[2J"]}]',
        'sources: [{name: a, git: {url: "https://\\e[2J", ref: {branch: "\\e[2J"}, path: "\\e[2J"}}]',
        'sinks: [{name: a, file: {path: "/\\e[2J", "\\e[2J": 1}, filter: {policies: ["\\e[2J"]}}]',
    ],
)
def test_nothing_foreign_reaches_a_terminal(spec: str) -> None:
    text = f"apiVersion: policyd.dev/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "agent.yaml")
    assert is_safe(str(caught.value).replace("\n", ""))


# ------------------------------------------------------------------------------------------------ anything at all

TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "1s",
        "9" * 60,
        "-1",
        "0x10",
        "http://[",
        "http://a:b",
        "unix:",
        "udp://:1",
        "/",
        "//",
        "a/..",
        "true",
        "*",
        "64Ki",
        "\0",
        "²",
    ]
)
WORDS = st.sampled_from(sorted({key.name for _, part in parts() for key in keys(part)}))
TREES = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXTS, inner, max_size=4))


@given(TREES)
def test_whatever_a_spec_holds_is_read_or_told(tree: object) -> None:
    assert outcome(tree)


def outcome(spec: object) -> str:
    """Return what is told of a configuration, line by line fit for a terminal, or that it was read."""
    document = {"apiVersion": "policyd.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "a"}, "spec": spec}
    try:
        return f"read {parse_config(json.dumps(document).encode(), 'f').name}"
    except ConfigError as error:
        told = str(error)
    assert is_safe(told.replace("\n", ""))
    assert "f:" in told
    return told


@given(st.sampled_from(sorted({(path, key.name) for path, part in parts() for key in keys(part)})), TREES)
def test_whatever_a_key_holds_is_read_or_told(place: tuple[str, str], tree: object) -> None:
    path, name = place
    value: object = {name: tree}
    for step in reversed(path.split(".")[1:]):
        value = {step.removesuffix("[]"): [value] if step.endswith("[]") else value}
    assert outcome(value)


@given(st.lists(TEXTS, max_size=2), st.lists(TEXTS, max_size=2), st.lists(TEXTS, max_size=2), TEXTS, TEXTS)
def test_whatever_a_command_line_says_is_read_or_told(
    sources: list[str], sinks: list[str], listen: list[str], interval: str, drift: str
) -> None:
    options = Options(tuple(sources), tuple(sinks), tuple(listen), interval, drift)
    told = ""
    try:
        from_options(options)
    except UsageError as error:
        told = str(error)
    assert is_safe(told)
