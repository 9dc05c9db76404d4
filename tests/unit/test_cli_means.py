"""Which means were taken, as `plan` and `validate -o wide` tell it."""

from __future__ import annotations

from dataclasses import replace

from test_resolve_functions import NEW, NOTHING, OLD, PROBES, at

from policyd.cli.means import means_data, means_table


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table, without its headings."""
    return [[cell for cell in line.split("  ") if cell.strip()] for line in text.splitlines()[1:]]


def test_a_function_is_told_with_what_sees_it_and_why_nothing_better_does() -> None:
    (row,) = rows(means_table([at(NEW, "{function: vfs_read}").policy]))
    assert [cell.strip() for cell in row] == ["tried", "it", "function:vfs_read", "fentry:vfs_read", "vfs_read"]
    (row,) = rows(means_table([at(PROBES, "{function: vfs_read}").policy]))
    assert row[-2].strip() == "kprobe:vfs_read"
    assert "no fentry for vfs_read" in row[-1]


def test_a_glob_is_told_with_what_it_stands_for_in_one_row_however_it_is_seen() -> None:
    for target, seen in ((NEW, "kprobe_multi:vfs_"), (OLD, "fentry, each")):
        policy = at(target, "{function: 'vfs_*'}").policy
        (short,) = rows(means_table([policy]))
        assert short[3].strip().startswith(seen)
        assert " more" in short[-1]
        (long,) = rows(means_table([policy], every=True))
        assert "vfs_read," in long[-1]
        assert " more" not in long[-1]


def test_a_rule_that_does_not_apply_is_told_with_the_reason() -> None:
    (row,) = rows(means_table([at(NOTHING, "{function: vfs_read}", more="optional: true").policy]))
    assert "nothing here" in [cell.strip() for cell in row]
    assert "has no kprobes" in row[-1]


def test_without_such_hooks_there_is_no_table() -> None:
    assert means_table([at(NEW, "{syscall: getppid}").policy]) == ""


def test_json_has_every_place_and_every_target() -> None:
    policy = replace(at(NEW, "{function: [vfs_read, vfs_write]}").policy, name="other")
    (found,) = means_data([policy])
    assert found["policy"] == "other"
    assert found["targets"] == ["vfs_read", "vfs_write"]
    assert found["attachPoint"].startswith("kprobe_multi:vfs_read+1-")
    assert found["reason"] == ""
