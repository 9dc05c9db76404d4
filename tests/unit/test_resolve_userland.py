"""Hooks in programs and libraries: which places they are, what their arguments are, what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from binaries_by_hand import LIBC, HandBinaries
from resolving import HOST, one_rule, policy_text, saved_target

from policyd.effect import EventOutput
from policyd.errors import PolicyError, Problem
from policyd.parsing import parse_policies
from policyd.places import user_place
from policyd.resolve import Host, resolve
from policyd.target import Target
from policyd.unit import TypedPolicy
from policyd.value import Constant, ContextLoad, Cookie, PointedBytes, PointedString, UserLoad, Value

DI, SI, AX, DX, R8, SP, BP, BX, CX = 112, 104, 80, 96, 72, 152, 32, 40, 88


def host() -> Host:
    return replace(HOST, binaries=HandBinaries())  # type: ignore[arg-type]


def target(multi: bool = True) -> Target:
    saved = saved_target()
    return Target("x86_64", saved.release, saved.source, saved.formats, saved.make_btf, {"uprobe_multi": multi})


def typed(rules: str, multi: bool = True, where: Host | None = None) -> TypedPolicy:
    (policy,) = parse_policies(policy_text(rules).encode(), "tried.yaml").require()
    return resolve(policy, target(multi), where or host()).policy


def problem(hook: str, fields: str = "[hook.name]", where: Host | None = None) -> Problem:
    with pytest.raises(PolicyError) as caught:
        typed(one_rule(hook, outputs=f"[{{event: {{fields: {fields}}}}}]"), where=where)
    (found,) = caught.value.problems
    return found


def points(hook: str, multi: bool = True) -> list[Any]:
    return [rule.attach_point for rule in typed(one_rule(hook), multi).rules]


def locations(hook: str, multi: bool = True) -> list[list[str]]:
    return [[str(one) for one in user_place(point).locations] for point in points(hook, multi)]


def values(hook: str, fields: str, rule: int = 0, multi: bool = True) -> dict[str, Value]:
    output = typed(one_rule(hook, outputs=f"[{{event: {{fields: {fields}}}}}]"), multi).rules[rule].outputs[0]
    assert isinstance(output, EventOutput)
    return {value.path: value for value in output.values}


# ------------------------------------------------------------------------------------------------ places


@pytest.mark.parametrize(
    ("hook", "offsets"),
    [
        ("{uprobe: {path: /bin/bash, symbol: readline}}", ["0x5000"]),
        ("{uprobe: {library: libc, symbol: malloc}}", ["0x2000"]),
        ("{uprobe: {library: libc, symbols: [free, calloc, malloc]}}", ["0x1800", "0x2000", "0x2100"]),
        ("{uprobe: {library: libc, symbol: '*alloc'}}", ["0x1800", "0x2000"]),
        ("{uprobe: {library: libc, symbol: 'mem*@*'}}", ["0x3100", "0x3200"]),
        ("{uprobe: {library: libc, symbol: memcpy@GLIBC_2.2.5}}", ["0x3100"]),
        ("{uprobe: {library: libc, symbol: malloc, offset: 0x10}}", ["0x2010"]),
        ("{uprobe: {library: libc, symbol: malloc, offset: 16}}", ["0x2010"]),
        ("{uprobe: {path: /opt/stripped, offset: 0x1234}}", ["0x1234"]),
        ("{uprobe: {path: /opt/go, symbol: 'main.(*Server).Serve'}}", ["0x1800"]),
        ("{usdt: {path: /opt/probed, provider: demo, name: quiet}}", ["0x1500"]),
    ],
)
def test_a_hook_becomes_its_places(hook: str, offsets: list[str]) -> None:
    assert locations(hook) == [offsets]
    assert locations(hook, multi=False) == [[offset] for offset in offsets]


def test_several_functions_are_one_attach_point_where_the_kernel_can() -> None:
    hook = "{uprobe: {library: libc, symbols: [free, malloc]}}"
    (point,) = points(hook)
    assert (point.kind, point.option, point.members) == ("uprobe_multi", "", ("0x2000", "0x2100"))
    assert point.target.startswith("/usr/lib/libc.so.6:malloc+1-")
    assert [one.key for one in points(hook, multi=False)] == [
        "uprobe:/usr/lib/libc.so.6:0x2000",
        "uprobe:/usr/lib/libc.so.6:0x2100",
    ]


@pytest.mark.parametrize("multi", [True, False])
@pytest.mark.parametrize(
    "hook",
    [
        "{uretprobe: {path: /bin/bash, symbol: readline}}",
        "{uprobe: {path: /bin/bash, symbol: readline, phase: exit}}",
    ],
)
def test_a_return_is_a_point_of_its_own(hook: str, multi: bool) -> None:
    (point,) = points(hook, multi)
    assert point.option == "return"
    assert point.key.endswith(":return")


def test_one_process_is_a_point_of_its_own() -> None:
    hook = "{uprobe: {library: libc, symbol: malloc, pid: 4711}}"
    assert points(hook, multi=False)[0].target == "/usr/lib/libc.so.6:0x2000@4711"
    assert user_place(points(hook)[0]).pid == 4711


def test_a_file_that_was_replaced_is_another_point() -> None:
    files = HandBinaries(replace(LIBC, state="fe00-9-9-9"))
    files.files["libc"] = files.files[LIBC.path]
    rules = one_rule("{uprobe: {library: libc, symbol: malloc}}")
    new = typed(rules, where=replace(HOST, binaries=files)).rules[0].attach_point  # type: ignore[arg-type]
    old = typed(rules).rules[0].attach_point
    assert (new.key, old.key == new.key, old == new) == (old.key, True, False)


def test_places_of_a_probe_go_together_where_their_arguments_lie_alike() -> None:
    hook = "{usdt: {path: /opt/probed, provider: demo, name: fire}}"
    assert locations(hook) == [["0x1200(0x3050)", "0x1300(0x3050)"], ["0x1400(0x3050)"]]
    assert len(points(hook, multi=False)) == 3
    assert len(locations("{usdt: {path: /opt/probed, provider: '*', name: [fire, quiet]}}")) == 4


@pytest.mark.parametrize("multi", [True, False])
def test_hook_name_tells_which_function_fired(multi: bool) -> None:
    found = values("{uprobe: {library: libc, symbols: [malloc, free]}}", "[hook.name]", multi=multi)["hook.name"]
    names = dict(found.type.symbols)
    if multi:
        assert isinstance(found.access, Cookie)
        assert [names[number] for number in found.access.numbers] == ["malloc", "free"]
    else:
        assert isinstance(found.access, Constant)
        assert names[found.access.number] == "malloc"


def test_an_event_of_several_functions_says_which() -> None:
    assert "hook.name" in values("{uprobe: {library: libc, symbols: [malloc, free]}}", "[process.pid]")
    assert "hook.name" not in values("{uprobe: {library: libc, symbol: malloc}}", "[process.pid]")
    assert "hook.name" not in values("{usdt: {path: /opt/probed, provider: demo, name: fire}}", "[process.pid]")


def test_hooks_are_shown_as_the_policy_spells_them() -> None:
    rules = "\n".join(
        (
            one_rule("{uprobe: {path: /bin/bash, symbol: readline, phase: exit}}"),
            one_rule("{uretprobe: {library: libc, symbols: [malloc, free], pid: 7}}").replace("name: it", "name: two"),
            one_rule("{usdt: {path: /opt/probed, provider: demo, name: quiet}}").replace("name: it", "name: three"),
        )
    )
    assert typed(rules).hooks == (
        "uprobe:/bin/bash:readline:exit",
        "uretprobe:libc:malloc+1@7",
        "usdt:/opt/probed:demo:quiet",
    )


# ------------------------------------------------------------------------------------------------ arguments


def test_arguments_follow_the_calling_convention() -> None:
    declared = "{a: u8, b: s32, c: string, d: size, e: bytes16, f: bool, g: s16, h: path}"
    found = values(f"{{uprobe: {{library: libc, symbol: malloc, args: {declared}}}}}", "[args]")
    assert {path: value.access for path, value in found.items()} == {
        "args.a": ContextLoad(DI, 1),
        "args.b": ContextLoad(SI, 4, signed=True),
        "args.c": PointedString(ContextLoad(DX, 8), "user"),
        "args.d": ContextLoad(CX, 8),
        "args.e": PointedBytes(ContextLoad(R8, 8)),
        "args.f": ContextLoad(64, 1),
        "args.g": UserLoad(ContextLoad(SP, 8), 8, 2, signed=True),
        "args.h": PointedString(UserLoad(ContextLoad(SP, 8), 16, 8), "user"),
    }
    assert [found[f"args.{name}"].type.kind for name in "acdeh"] == ["u8", "string", "size", "bytes", "path"]
    assert [found[f"args.{name}"].can_be_unread for name in "acg"] == [False, True, True]


def test_an_argument_that_is_not_declared_is_a_hexadecimal_number() -> None:
    found = values("{uprobe: {library: libc, symbol: malloc, args: {size: size}}}", "['args[0]', 'args[1]', 'args[6]']")
    assert [value.type.kind for value in found.values()] == ["size", "hex", "hex"]
    assert found["args[1]"].access == ContextLoad(SI, 8)
    assert found["args[6]"].access == UserLoad(ContextLoad(SP, 8), 8, 8)


def test_a_result_is_what_it_is_declared() -> None:
    text = values("{uretprobe: {path: /bin/bash, symbol: readline, ret: string}}", "[args, ret]")
    assert text["ret"].access == PointedString(ContextLoad(AX, 8), "user")
    plain = values("{uprobe: {path: /bin/bash, symbol: readline, phase: exit}}", "[ret]")
    assert (plain["ret"].type.kind, plain["ret"].access) == ("hex", ContextLoad(AX, 8))
    assert values("{uretprobe: {path: /bin/bash, symbol: readline, ret: errno}}", "[ret]")["ret"].access == ContextLoad(
        AX, 4, signed=True
    )


def test_arguments_of_a_probe_are_where_its_note_says() -> None:
    hook = "{usdt: {path: /opt/probed, provider: demo, name: fire}}"
    first, second = values(hook, "[args]", 0), values(hook, "[args]", 1)
    assert {path: (value.type.kind, value.access) for path, value in first.items()} == {
        "args[0]": ("s32", ContextLoad(DI, 4, signed=True)),
        "args[1]": ("u64", ContextLoad(SI, 8)),
        "args[2]": ("s16", UserLoad(ContextLoad(SP, 8), 14, 2, signed=True)),
        "args[3]": ("s32", UserLoad(ContextLoad(AX, 8), 8, 4, True, ContextLoad(DX, 8), 4)),
        "args[4]": ("u64", Constant(-7)),
        "args[6]": ("u8", ContextLoad(AX + 1, 1)),
    }
    assert second["args[1]"].access == UserLoad(ContextLoad(BP, 8), 16, 8)


def test_a_probes_arguments_take_their_names_and_types_from_the_policy() -> None:
    hook = "{usdt: {path: /opt/probed, provider: demo, name: fire, args: {number: s64, text: path, minus: u8, item: u16}}}"
    first, second = values(hook, "[args]", 0), values(hook, "[args]", 1)
    assert first["args.number"].access == ContextLoad(DI, 4, signed=True)  # sign-extended, as the note says
    assert first["args.number"].type.size == 8
    assert first["args.text"].access == PointedString(ContextLoad(SI, 8), "user")
    assert first["args.minus"].access == UserLoad(ContextLoad(SP, 8), 14, 1)
    assert second["args.text"].access == PointedString(UserLoad(ContextLoad(BP, 8), 16, 8), "user")
    assert second["args.item"].access == Constant(1)


# ------------------------------------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    ("hook", "message", "hint"),
    [
        ("{uprobe: {path: /none, symbol: f}}", "`/none` cannot be read: No such file or directory", ""),
        ("{uprobe: {library: libc, symbol: mallok}}", "there is no function `mallok` in `/usr/lib/libc.so.6`", "`malloc`"),
        ("{uprobe: {path: /opt/stripped, symbol: f}}", "`/opt/stripped` names no functions", "`offset`"),
        ("{uprobe: {library: libc, symbol: memcpy}}", "`memcpy` of `/usr/lib/libc.so.6` is chosen as", "callers"),
        ("{uprobe: {library: libc, symbol: 'mem*'}}", "`memcpy` of `/usr/lib/libc.so.6` is chosen as the program", ""),
        ("{uprobe: {library: libc, symbol: 'nothing*'}}", "no function of `/usr/lib/libc.so.6` matches `nothing*`", ""),
        ("{uprobe: {path: /opt/foreign, symbol: f}}", "`/opt/foreign` is for aarch64, the target is x86_64", ""),
        ("{uprobe: {path: /opt/stripped, offset: 0x10}}", "there is no code at 0x10 of `/opt/stripped`", ""),
        ("{uprobe: {library: libc, symbol: malloc, offset: 0x40}}", "`malloc` has 64 bytes: there is no offset 0x40", ""),
        ("{uprobe: {library: libc, symbol: '*alloc', offset: 4}}", "`offset` counts from one function", "name one"),
        ("{uretprobe: {library: libc, symbol: malloc, offset: 4}}", "a function returns as a whole", "leave it out"),
        ("{uretprobe: {library: libc, offset: 0x2004}}", "0x2004 is inside the function `malloc`", "begins at 0x2000"),
        ("{uretprobe: {path: /opt/go, symbol: main.main}}", "`/opt/go` is written in Go, whose stacks move", "phase: enter"),
        ("{uprobe: {library: libc, symbol: '*', limit: 3}}", "4 functions of `libc` match, more than 3", "`limit: 4`"),
        ("{uprobe: {library: libc, symbol: free, buildId: aabbccdd}}", "has the build id 93ac61ec", "then change `buildId`"),
        ("{uprobe: {path: /opt/stripped, offset: 0x1000, buildId: aabbccdd}}", "has no build id", "`buildId`"),
        ("{usdt: {path: /opt/probed, provider: demo, name: fir}}", "there is no probe `demo:fir`", "`demo:fire`"),
        ("{usdt: {path: /opt/probed, provider: dem, name: fire}}", "there is no probe `dem:fire`", "`demo:fire`"),
        ("{usdt: {library: libc, provider: a, name: b}}", "`/usr/lib/libc.so.6` has no USDT probes", ""),
        ("{uprobe: {library: libc, symbol: free, args: {p: flags}}}", "a value of a program cannot be declared `flags`", ""),
        ("{uprobe: {library: libc, symbol: free, args: {p: ip}}}", "a value of a program cannot be declared `ip`", ""),
        ("{uprobe: {library: libc, symbol: free, args: {p: strin}}}", "there is no type `strin`", "`string`"),
    ],
)  # fmt: skip
def test_a_hook_that_is_not_there_says_why(hook: str, message: str, hint: str) -> None:
    found = problem(hook)
    assert message in found.message
    assert hint in found.hint
    assert found.position is not None


def test_a_build_id_that_fits_is_no_matter() -> None:
    assert points("{uprobe: {library: libc, symbol: free, buildId: 93AC61EC}}")


@pytest.mark.parametrize(
    ("hook", "field", "message"),
    [
        ("{uprobe: {library: libc, symbol: malloc, args: {size: size}}}", "args.sise", "there is no argument `args.sise`"),
        ("{uprobe: {library: libc, symbol: malloc}}", "args.size", "there is no argument `args.size`"),
        ("{uprobe: {library: libc, symbol: malloc, args: {size: size}}}", "args.size.x", "own structures are not known"),
        ("{uprobe: {library: libc, symbol: malloc}}", "'args[99]'", "is not likely"),
        ("{uprobe: {library: libc, symbol: malloc}}", "ret", "a function has no result as it begins"),
        ("{usdt: {path: /opt/probed, provider: demo, name: quiet}}", "'args[0]'", "the probe demo:quiet has 0 arguments"),
        ("{usdt: {path: /opt/probed, provider: demo, name: quiet}}", "ret", "a probe has no result"),
        ("{usdt: {path: /opt/probed, provider: demo, name: fire}}", "'args[5]'", "cannot be read: it is at `8@%xmm0`"),
        ("{usdt: {path: /opt/probed, provider: other, name: fire, args: {a: u8, b: u8}}}", "args.b", "has 1 arguments"),
        ("{usdt: {path: /opt/probed, provider: demo, name: fire, args: {a: string}}}", "args.a", "is no pointer there"),
    ],
)  # fmt: skip
def test_an_argument_that_is_not_there_says_why(hook: str, field: str, message: str) -> None:
    assert message in problem(hook, f"[{field}]").message


def test_another_hosts_files_are_not_made_up() -> None:
    found = problem("{uprobe: {library: libc, symbol: malloc}}", where=Host.anywhere())
    assert (found.code, found.message) == ("target-unknown", "what is in `libc` can only be told on a host that has it")
    rules = one_rule("{uprobe: {library: libc, symbol: malloc}}", more="optional: true")
    assert typed(rules, where=Host.anywhere()).not_applicable == (("it", found.message),)


def test_an_optional_rule_is_left_out_where_the_file_or_the_function_is_missing() -> None:
    for hook in (
        "{path: /none, symbol: f}",
        "{library: libc, symbol: mallok}",
        "{library: libc, symbol: free, buildId: aabbccdd}",
    ):
        assert len(typed(one_rule(f"{{uprobe: {hook}}}", more="optional: true")).not_applicable) == 1


def test_the_first_file_that_is_there_is_taken() -> None:
    hook = "{firstOf: [{uprobe: {path: /none, symbol: readline}}, {uprobe: {path: /bin/bash, symbol: readline}}]}"
    assert locations(hook) == [["0x5000"]]
