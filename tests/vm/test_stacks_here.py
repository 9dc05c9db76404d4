"""Stacks on this kernel: at functions, probes and security hooks."""

from __future__ import annotations

from inside import Shell, version

_RULES = ("function", "function-returns", "kprobe", "lsm", "syscall")


def test_each_kind_of_hook_has_the_kernels_and_the_programs_frames(shell: Shell) -> None:
    with shell.case("stacks"):
        shell.act("""
            os.mkdir("/tmp/pd-stack")
            os.rmdir("/tmp/pd-stack")
            sum(range(6_000_000))
        """)
        events, metrics = shell.events("stacks"), shell.metrics("stacks")
    seen = {event["rule"]: event["fields"] for event in events}
    assert set(seen) == set(_RULES)
    for rule, fields in seen.items():
        assert any("+0x" in frame for frame in fields["user_stack"]), (rule, fields["user_stack"])
        if rule == "syscall" and version() < (6, 12):
            assert fields["kernel_stack"] is None  # the tracepoint is given the registers of the program
            continue
        inside = "do_rmdir" if rule != "syscall" else "do_syscall_64"
        assert not fields["kernel_stack"][0].startswith(("bpf_prog_", "bpf_trampoline_")), (rule, fields["kernel_stack"])
        assert any(frame.startswith(inside) for frame in fields["kernel_stack"]), (rule, fields["kernel_stack"])
    counts = {name: int(series[0]["value"]) for name, series in metrics.items() if name.startswith(("rmdirs", "returns"))}
    assert counts["rmdirs_total"] == counts["returns_total"] > 0  # of an overlay each call is two
    assert counts["rmdirs_lost_total"] == counts["returns_lost_total"] == 0
    assert int(metrics["samples_total"][0]["value"]) > 0
