"""What the language has is found by words, and every command that is given to go on with gives a page."""

from __future__ import annotations

import json

import pytest
from resolving import saved_target

from policyd.cli import cli, run
from policyd.explain import explain
from policyd.search import Entry, entries, host_entries, search
from policyd.search.ranking import SYNONYMS
from policyd.starters import STARTERS


def commands(*words: str) -> list[str]:
    return [" ".join(one.entry.command) for one in search(words, entries())]


def test_every_entry_leads_to_a_page() -> None:
    found = entries()
    assert len(found) > 500
    for command in dict.fromkeys(entry.command for entry in found):
        if command[0] == "init":
            assert command[1:] == ("--kind", command[2])
            assert command[2] in STARTERS
        else:
            assert explain(command[1], " ".join(command[2:]), saved_target()).title, command


def test_no_entry_stands_twice_and_none_is_empty() -> None:
    found = [(entry.command, entry.name) for entry in entries()]
    assert len(set(found)) == len(found)
    assert all(entry.name and entry.summary for entry in entries())


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("dst.ip",), "explain field dst.ip"),
        (("incidr",), "explain operator InCIDR"),
        (("drop", "packets"), "explain action drop"),
        (("openat",), "explain hook syscall:openat"),
        (("histogram",), "explain output histogram"),
        (("latency",), "explain field duration"),
        (("kill",), "explain hook syscall:kill"),
        (("onUnread",), "explain keys"),
    ],
)
def test_what_has_the_name_comes_first(words: tuple[str, ...], first: str) -> None:
    assert commands(*words)[0] == first


def test_every_word_counts_and_the_order_of_words_does_not() -> None:
    both = commands("source", "port")
    assert both == commands("port source")
    assert 0 < len(both) < len(commands("source"))
    assert "explain field tcp.src_port" in both


def test_words_of_which_none_fits_all_find_what_fits_some() -> None:
    assert "explain operator InCIDR" in commands("InCIDR", "xyzzy")


def test_what_is_mistyped_finds_what_is_alike_and_says_so() -> None:
    found = search(["prefx"], entries())
    assert found[0].entry.name == "Prefix"
    assert all(one.near for one in found)
    assert search(["xyzzyplugh"], entries()) == []


def test_a_name_of_a_constant_finds_its_type() -> None:
    assert commands("CAP_SYS_ADMIN")[0].startswith("explain type capabilit")


@pytest.mark.parametrize("word", SYNONYMS)
def test_what_people_call_otherwise_is_found(word: str) -> None:
    assert not search([word], entries())[0].near


def test_what_only_this_host_has_is_found_where_it_is_asked_for() -> None:
    of_host = tuple(host_entries(saved_target()))
    found = search(["retransmit", "tcp"], of_host)
    assert Entry(
        "tracepoint",
        "tcp/tcp_retransmit_skb",
        "a tracepoint of this kernel",
        ("explain", "hook", "tracepoint:tcp/tcp_retransmit_skb"),
    ) in [one.entry for one in found]
    assert "raw_tracepoint" in {one.entry.kind for one in found}


def test_the_command_line_prints_a_line_each_that_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policyd.cli.prose.width", lambda: 80)
    assert run(["explain", "--search", "duration", "--top", "5"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("policyd explain field duration ")
    assert "--top" in shown.err


def test_the_command_line_gives_json_and_an_error_where_nothing_is_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-s", "dst.ip", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["found"][0]["command"] == "policyd explain field dst.ip"
    assert run(["explain", "-s", "xyzzyplugh"]) == 4
    assert "--host" in capsys.readouterr().err
    assert run(["explain"]) == 64
    assert "policyd explain keys" in capsys.readouterr().err


def test_shells_complete_the_name_after_the_topic() -> None:
    with cli.make_context("policyd", ["explain", "field"], resilient_parsing=True) as parent:
        command = cli.get_command(parent, "explain")
        assert command is not None
        with command.make_context("explain", ["operator"], parent=parent, resilient_parsing=True) as context:
            found = command.params[0].shell_complete(context, "InC")
    assert [item.value for item in found] == ["InCIDR"]
