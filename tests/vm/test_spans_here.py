"""Spans on this kernel: between functions, between system calls, and off the CPU with the stack of where that began."""

from __future__ import annotations

from typing import Any

from inside import Shell


def of_rule(events: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [event["fields"] for event in events if event["rule"] == rule]


def test_what_starts_and_ends_is_told_once_with_fields_of_both(shell: Shell) -> None:
    with shell.case("spans"):
        shell.act(
            """
            import os, time
            open("/proc/self/comm", "w").write("pd-spans")
            for name in ("/run/pd-one", "/run/pd-two"):
                os.mkdir(name)
            for name in ("/run/pd-two", "/run/pd-one"):
                os.rmdir(name)
            time.sleep(0.2)
            def quietly(call, *given):
                try:
                    call(*given)
                except OSError:
                    pass
            for pid in (9, 700001, 700002, 700003):
                quietly(os.getpgid, pid)
            quietly(os.getpriority, os.PRIO_PROCESS, 700002)
            for pid in (9, 700001, 700001, 700002, 700003):
                quietly(os.getsid, pid)
            """
        )
        events, account = shell.events("spans"), shell.policies()["spans"]["account"]

    (removed,) = of_rule(events, "removed")
    assert (removed["made"], removed["removed"], removed["ret"], removed["took"] > 0) == ("pd-two", "pd-two", 0, True)
    slept = of_rule(events, "slept")
    assert any(one["comm"] == "pd-spans" and any("nanosleep" in frame for frame in one["in"]) for one in slept)
    assert of_rule(events, "paired") == [{"pid": 700001, "by": "pd-spans"}]
    assert account["table_full"] == 1
    assert account["unpaired"] >= 5
    assert account["negative"] == 0
