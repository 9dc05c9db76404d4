"""What is changed from outside: `get` and `diff` see it alike, `apply` mends it and says what it has mended."""

from __future__ import annotations

from typing import Any

import pytest
from fake_kernel import FakeKernel
from fake_toolchain import policy
from test_engine_converges import FULL, TRACE, XDP, Host

from policyd.cli.context import Settings
from policyd.cli.outcomes import Shown, mended_lines, print_result, show_result
from policyd.engine import Request
from policyd.observe import observe
from policyd.plan import Mend
from policyd.record import POLICIES
from policyd.status import DEGRADED, READY, faults, hook_views, policy_views
from policyd.unit import PROCESS_POINTS

TRACKS = policy("tracks", points=[TRACE, XDP], processes=True, **FULL)
PLAIN = policy("plain", points=[XDP], **FULL)
BOTH = (PLAIN, TRACKS)
ENGINE_PINS = [
    f"hooks/{point.id}/{pin}" for point in PROCESS_POINTS for pin in ("link", "slot", "stub", "program-0", "record")
]


def applied(*policies: Any) -> Host:
    host = Host.new()
    host.apply(*policies)
    return host


def degraded(kernel: FakeKernel) -> dict[str, tuple[str, ...]]:
    observed = observe(kernel)
    return {name: found for name, record in observed.records.items() if (found := faults(observed, record))}


def pins() -> list[str]:
    """The pins whose loss a policy's record can tell: the record itself is made again with the policy."""
    return sorted(
        path for path in applied(*BOTH).kernel.pins if not (path.startswith(POLICIES) and path.endswith("/record"))
    )


def test_the_pins_of_the_process_hooks_are_among_those_that_are_tried() -> None:
    assert {*ENGINE_PINS, "shared/config", "shared/processes", "shared/processes-filled"} <= set(pins())


@pytest.mark.parametrize("pin", pins())
def test_a_lost_pin_degrades_the_policies_that_diff_names_and_apply_says_what_it_mended(pin: str) -> None:
    host = applied(*BOTH)
    assert degraded(host.kernel) == {}
    host.kernel.unpin(pin)

    seen = degraded(host.kernel)
    assert seen
    result = host.apply(*BOTH)
    assert {outcome.policy for outcome in result.outcomes if outcome.kind == "changed"} == set(seen)
    assert result.mended
    assert all(outcome.details for outcome in result.outcomes if outcome.kind == "changed")

    assert degraded(host.kernel) == {}
    again = host.apply(*BOTH)
    assert (again.mended, {outcome.kind for outcome in again.outcomes}) == ((), {"unchanged"})
    host.assert_clean()


@pytest.mark.parametrize("point", PROCESS_POINTS)
def test_a_process_hook_that_is_gone_whole_degrades_only_policies_that_need_the_table(point: Any) -> None:
    host = applied(*BOTH)
    for path in [path for path in host.kernel.pins if path.startswith(f"hooks/{point.id}/")]:
        host.kernel.unpin(path)
    host.kernel.remove_directory(f"hooks/{point.id}")

    assert degraded(host.kernel) == {"tracks": (f"{point.key}: not attached any more",)}
    assert host.apply(*BOTH).mended == (Mend(point.key, "it was removed from outside"),)
    assert degraded(host.kernel) == {}


def test_a_process_hook_whose_slot_was_emptied_is_degraded() -> None:
    host, point = applied(*BOTH), PROCESS_POINTS[0]
    host.kernel.pins[f"hooks/{point.id}/slot"].data.clear()

    assert list(degraded(host.kernel)) == ["tracks"]
    phases = {view.key: bool(view.fault) for view in hook_views(observe(host.kernel), host.kernel)}
    assert [key for key, fault in phases.items() if fault] == [point.key]
    assert host.apply(*BOTH).mended == (Mend(point.key, "another program runs in its place"),)


def test_a_shared_map_that_is_gone_is_named_once_for_each_policy() -> None:
    host = applied(*BOTH)
    host.kernel.unpin("shared/config")

    assert degraded(host.kernel) == dict.fromkeys(
        ("plain", "tracks"), ("shared map config is not pinned (removed, or new in this policyd): apply makes it",)
    )
    assert host.apply(*BOTH).mended[0] == Mend("shared map config", "it was removed from outside")


def test_what_was_asked_for_is_not_called_mended() -> None:
    host = Host.new()
    assert host.apply(PLAIN).mended == ()
    assert host.apply(*BOTH).mended == ()
    changed = policy("plain", points=["xdp:eth0:generic"], counters={"c": 1}, lists={"l": ["9"]}, enforce=True, ring=8192)
    assert host.apply(changed, TRACKS).mended == ()
    assert host.apply(changed).mended == ()
    host.engine.set_params("plain", {"l": ("4",)})
    assert host.engine.delete(None).mended == ()


def test_values_that_somebody_changed_are_mended() -> None:
    host = applied(PLAIN)
    observed = observe(host.kernel)
    record = observed.records["plain"]
    for name, row in (("config", record.row), ("scalars", record.scalars["s"].row)):
        held = host.kernel.pins[f"shared/{name}"]
        held.data[row.to_bytes(4, "little")] = b"\1" * held.value_size
    host.kernel.pins[f"shared/{record.maps['l'].shared}"].data.clear()

    assert {mend.what for mend in host.apply(PLAIN).mended} == {
        "mode of policy plain",
        "param s of policy plain",
        "row of list l of policy plain",
    }


def test_what_cannot_be_mended_is_not_said_to_be_and_fails_the_policies_that_need_it() -> None:
    host, point = applied(*BOTH), PROCESS_POINTS[1]
    host.kernel.unpin(f"hooks/{point.id}/link")
    attach = host.kernel.attach

    def refuse(where: Any, program: int) -> int:
        if where == point:
            raise OSError(16, "busy")
        return attach(where, program)

    host.kernel.attach = refuse  # type: ignore[method-assign]
    result = host.apply(*BOTH)
    assert [(outcome.policy, outcome.kind) for outcome in result.outcomes] == [("plain", "unchanged"), ("tracks", "failed")]
    assert result.mended == ()


def test_a_dry_run_says_what_would_be_mended_and_mends_nothing() -> None:
    host = applied(*BOTH)
    host.kernel.unpin(ENGINE_PINS[0])

    result = host.engine.dry_run(Request(()))
    assert result.mended == (Mend(PROCESS_POINTS[0].key, "its link is not pinned any more"),)
    assert list(degraded(host.kernel)) == ["tracks"]


def test_the_text_has_a_line_for_all_that_had_the_same_wrong_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    host = applied(*BOTH)
    host.kernel.unpin(ENGINE_PINS[0])
    result = host.apply(*BOTH)

    show_result(Settings(quiet=True), result, Shown(frozenset({"plain", "tracks"})))
    assert capsys.readouterr().out.splitlines() == [
        "policy/plain unchanged",
        "policy/tracks changed",
        f"mended: {PROCESS_POINTS[0].key} (its link is not pinned any more)",
    ]
    print_result(result, Shown(frozenset()), {})
    assert '"reason": "its link is not pinned any more"' in capsys.readouterr().out
    many = [Mend(f"xdp:eth{number}", "gone") for number in range(6)]
    assert mended_lines([*many, Mend("x", "other")]) == (
        "xdp:eth0, xdp:eth1, xdp:eth2, xdp:eth3 and 2 more (gone)",
        "x (other)",
    )


def test_only_policies_that_need_the_process_table_are_degraded_until_it_is_mended() -> None:
    host = applied(*BOTH)
    host.kernel.unpin(ENGINE_PINS[0])
    assert phases(host) == {"plain": READY, "tracks": DEGRADED}
    host.apply(*BOTH)
    assert phases(host) == {"plain": READY, "tracks": READY}


def phases(host: Host) -> dict[str, str]:
    return {name: view.phase for name, view in policy_views(observe(host.kernel), host.kernel).items()}
