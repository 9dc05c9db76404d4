"""PolicyLists, lists and macros: what a policy uses of them is in its document, with its places in its own file."""

from __future__ import annotations

import json

import pytest
from resolving import HOST, saved_target

from policyd.assembly import check_lists, make_resolver, resolve_all
from policyd.condition import ListRef, leaves
from policyd.errors import Problem
from policyd.files import SourceFile
from policyd.parsing import Loaded, parse_files, parse_policies
from policyd.policy import Expanded, Leaf, Not

SHARED = """\
apiVersion: policyd.dev/v1alpha1
kind: PolicyList
metadata: {name: base}
spec:
  lists:
    shells: {type: path, values: [/bin/sh, /bin/bash]}
    tools: {type: path, values: [/usr/bin/nc], include: [shells]}
    unused: {type: u32, values: [1]}
  macros:
    filters:
      by_root: [{field: process.uid, operator: Equal, value: 0}, {macro: from_tool}]
      from_tool: [{field: process.exe, operator: In, valuesFrom: {list: tools}}]
    fields:
      who: [process.pid, process.exe]
"""
POLICY = """\
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: tried}
spec:
  rules:
    - name: opens
      hook: {syscall: {names: openat, abi: Native}}
      filters: [{macro: by_root}, {not: {field: process.exe, operator: In, valuesFrom: {list: shells}}}]
      outputs: [{event: {fields: [{macro: who}, args.filename, process.pid]}}]
"""


def parse(*texts: str) -> Loaded:
    return parse_files(SourceFile(f"{number}.yaml", text.encode()) for number, text in enumerate(texts))


def problems(*texts: str) -> list[str]:
    """Return where and what is wrong, in files as policies, after resolving those that can be."""
    loaded = parse(*texts)
    _, resolving = resolve_all(loaded.policies, saved_target(), HOST)
    return [_told(problem) for problem in (*loaded.problems, *resolving)]


def _told(problem: Problem) -> str:
    return f"{problem.position} {problem.code}: {problem.message}"


def test_a_macro_alone_may_stand_for_all_fields() -> None:
    (policy,) = parse(POLICY.replace("[{macro: who}, args.filename, process.pid]", "{macro: who}"), SHARED).require()
    (event,) = policy.rules[0].outputs
    assert [column.name for column in event.fields] == ["process_pid", "process_exe"]  # type: ignore[union-attr]
    (policy,) = parse(POLICY.replace("[{macro: who}, args.filename, process.pid]", "{macro: process.pid}"), SHARED).require()
    (event,) = policy.rules[0].outputs
    assert [column.name for column in event.fields] == ["macro"]  # type: ignore[union-attr]


def test_a_policy_gets_what_it_uses_of_another_file_and_nothing_else() -> None:
    loaded = parse(POLICY, SHARED)
    assert loaded.problems == ()
    assert [(shared.name, shared.source, shared.macros) for shared in loaded.lists] == [("base", "1.yaml:1", 3)]
    (policy,) = loaded.policies
    assert policy.list_sources == (("base", "1.yaml:1"),)
    assert [one.name for one in policy.lists] == ["shells", "tools"]
    (by_root, negated) = policy.rules[0].filters
    assert isinstance(by_root, Expanded)
    assert isinstance(negated, Not)
    assert [type(part) for part in by_root.parts] == [Leaf, Expanded]
    (event,) = policy.rules[0].outputs
    assert [column.name for column in event.fields] == ["process_pid", "process_exe", "args_filename"]  # type: ignore[union-attr]


def test_places_are_those_of_the_file_that_says_it() -> None:
    (policy,) = parse(POLICY, SHARED).policies
    (macro, _) = policy.rules[0].filters
    assert isinstance(macro, Expanded)
    assert str(policy.position(macro.at)) == "0.yaml:8:17"
    assert str(policy.position(macro.parts[0].at)) == "1.yaml:11:17"
    assert str(policy.position(("spec", "lists", "shells", "values", 1))) == "1.yaml:6:44"


def test_the_document_can_be_understood_alone_and_is_the_same_again() -> None:
    (policy,) = parse(POLICY, SHARED).policies
    (alone,) = parse_policies(policy.document.encode(), "record").require()
    assert (alone, alone.document) == (policy, policy.document)
    (beside,) = parse(policy.document, SHARED).policies
    assert (beside, beside.document) == (policy, policy.document)
    (newer,) = parse(policy.document, SHARED.replace("/bin/bash", "/bin/zsh")).policies
    assert newer.lists[0].values == ("/bin/sh", "/bin/zsh"), "the file counts, not the copy"


def test_what_a_policy_has_itself_hides_what_is_shared() -> None:
    own = POLICY.replace("  rules:", "  lists: {shells: {type: path, values: [/bin/dash]}}\n  rules:")
    (policy,) = parse(own, SHARED).policies
    assert {one.name: one.values for one in policy.lists} == {"shells": ("/bin/dash",), "tools": ("/usr/bin/nc",)}
    assert policy.inlined.lists == (("tools", "base"),)


def test_lists_are_maps_however_short_and_include_others() -> None:
    typed, found = resolve_all(parse(POLICY, SHARED).policies, saved_target(), HOST)
    assert found == ()
    references = [test.ref for test in leaves(typed[0].rules[0].condition) if test.ref]
    assert references == [ListRef("list-tools"), ListRef("list-shells")]
    assert {spec.name: (spec.list, len(spec.values or ()), spec.param) for spec in typed[0].maps} == {
        "list-shells": ("base/shells", 2, ""),
        "list-tools": ("base/tools", 3, ""),
    }
    assert typed[0].list_sources == (("base", "1.yaml:1"),)


def test_other_values_are_other_contents_of_the_same_maps_and_the_same_code() -> None:
    one, other = (
        resolve_all(parse(POLICY, text).policies, saved_target(), HOST)[0][0]
        for text in (SHARED, SHARED.replace("/bin/bash", "/bin/zsh, /bin/dash"))
    )
    assert repr(one.rules) == repr(other.rules)
    assert [spec.fingerprint for spec in one.maps] == [spec.fingerprint for spec in other.maps]
    assert [spec.values for spec in one.maps] != [spec.values for spec in other.maps]


def test_a_record_knows_its_policy_lists_and_not_where_they_stood() -> None:
    (policy,) = parse(POLICY, SHARED).policies
    understand = make_resolver(saved_target(), HOST)
    typed, warnings = understand(policy.document, {})
    assert (typed.list_sources, warnings) == ((("base", ""),), ())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value: 0}, {macro", "value: x0}, {macro",
         "1.yaml:11:62 bad-value: `x0` does not fit a field of type uid: expected a user's number, or the name of a user of "
         "this host (in macro `by_root`, used at 0.yaml:8:17)"),
        ("who: [process.pid", "who: [process.pud",
         "1.yaml:14:13 unknown-field: there is no field `process.pud` (in a macro, used at 0.yaml:9:35)"),
        ("{macro: from_tool}]", "{field: process.uid, operator: Equal, valuesFrom: {param: nobody}}]",
         "1.yaml:11:124 unknown-param: there is no param `nobody` in policy `tried`, which uses this macro"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_macro_names_its_place_and_the_use(old: str, new: str, told: str) -> None:
    assert told in problems(POLICY, SHARED.replace(old, new))


def test_what_is_wrong_in_a_list_names_the_value_and_the_use() -> None:
    shared = SHARED.replace("shells: {type: path, values: [/bin/sh, /bin/bash]}", "shells: {type: pid, values: [1, x]}")
    shared = shared.replace(", include: [shells]", "")
    policy = POLICY.replace("not: {field: process.exe", "not: {field: process.pid")
    assert problems(policy, shared) == [
        "1.yaml:6:37 bad-value: `x` does not fit a field of type pid: expected a number, as 42, 0x2a or 052 "
        "(in list `shells`, used at 0.yaml:8:41)"
    ]


def test_a_broken_policy_list_is_told_once_not_by_each_of_its_users() -> None:
    broken = SHARED.replace("operator: Equal", "operator: Equals")
    second = POLICY.replace("name: tried", "name: second")
    loaded = parse(POLICY, second, broken)
    assert [problem.code for problem in loaded.problems] == ["unknown-operator"]
    assert loaded.policies == ()
    assert loaded.lists == ()


def test_near_misses_are_those_of_files_that_were_given() -> None:
    (problem,) = parse(POLICY.replace("list: shells", "list: shels"), SHARED).problems
    assert (problem.message, problem.hint) == ("there is no list `shels`", "did you mean `shells`?")
    alone = parse(POLICY).problems
    assert {problem.code for problem in alone} == {"unknown-macro", "unknown-list"}
    assert all("give the file of the PolicyList" in problem.hint for problem in alone)


def test_policy_lists_use_one_another() -> None:
    other = SHARED[: SHARED.index("spec:")].replace("base", "other") + (
        "spec: {macros: {filters: {odd: [{not: {macro: by_root}}]}}, lists: {all: {type: path, include: tools}}}\n"
    )
    policy = POLICY.replace("macro: by_root", "macro: odd").replace("list: shells", "list: all")
    (read,) = parse(other, policy, SHARED).require()
    assert dict(read.inlined.lists) == {"all": "other", "shells": "base", "tools": "base"}
    assert [name for name, _ in read.list_sources] == ["base", "other"]


def test_expressions_and_their_lists() -> None:
    text = POLICY.replace("{macro: by_root}", "{expr: process.exe in lists.tools}")
    typed, found = resolve_all(parse(text, SHARED).policies, saved_target(), HOST)
    assert found == ()
    assert [spec.list for spec in typed[0].maps] == ["base/shells", "base/tools"]
    assert "0.yaml:8:39 unknown-list: there is no list `tols`" in problems(text.replace("lists.tools", "lists.tols"), SHARED)


def test_an_empty_list_holds_nothing_and_is_no_error() -> None:
    empty = SHARED.replace("[/bin/sh, /bin/bash]", "[]").replace("[/usr/bin/nc]", "[]")
    typed, found = resolve_all(parse(POLICY, empty).policies, saved_target(), HOST)
    assert found == ()
    assert [spec.values for spec in typed[0].maps] == [(), ()]


def test_values_that_nobody_uses_are_checked_too() -> None:
    text = SHARED.replace("type: u32, values: [1]", "type: u32, values: [1, x]").replace("/bin/bash", "/bin/bash, a b")
    assert [_told(problem) for problem in check_lists(parse(text).lists, saved_target())] == [
        "0.yaml:8:37 bad-value: `x` does not fit a field of type u32: expected a number, as 42, 0x2a or 64Ki"
    ]
    typed = check_lists(parse(SHARED.replace("type: u32", "type: u33")).lists, saved_target())
    assert [(str(problem.position), problem.code) for problem in typed] == [("0.yaml:8:20", "unknown-type")]


@pytest.mark.parametrize("levels", [3, 12, 40, 400])
def test_macros_nest_so_deep_and_no_deeper(levels: int) -> None:
    """Wherever the limit is, it is told: nothing recurses without end."""
    macros = [f"      m{number}: [{{not: {{macro: m{number + 1}}}}}]\n" for number in range(levels)]
    macros += [f"      m{levels}: [{{field: process.uid, operator: Equal, value: 0}}]\n"]
    head = SHARED[: SHARED.index("  lists:")]
    loaded = parse(f"{head}  macros:\n    filters:\n{''.join(macros)}", POLICY.replace("by_root", "m0"))
    codes = {problem.code for problem in loaded.problems}
    assert codes <= {"too-deep", "unknown-macro", "unknown-list"}
    assert ("too-deep" in codes) == (levels > 10)


def test_documents_in_records_hold_what_was_copied_and_from_where() -> None:
    (policy,) = parse(POLICY, SHARED).policies
    spec = json.loads(policy.document)["spec"]
    assert spec["inlined"] == {
        "lists": {"shells": "base", "tools": "base"},
        "filters": {"by_root": "base", "from_tool": "base"},
        "fields": {"who": "base"},
    }
