"""Both builders on the running kernel: C is loaded, runs, counts into our maps; refusals are explained alike."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import pytest

from policyd.builders.bcc import BccBuilder
from policyd.builders.bcc_server import Bcc
from policyd.builders.building import CachingBuilder
from policyd.builders.clang import ClangBuilder
from policyd.codegen.source import PrivateMap, Source
from policyd.errors import CompileError, KernelError, Position, VerifierError
from policyd.kernel.bpf import info, verifier
from policyd.kernel.bpf.programs import run_on_packet
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

POINT = AttachPoint("tracepoint", "syscalls/sys_enter_vhangup")
XDP = AttachPoint("xdp", "lo", "generic")
NAME = "pd_0123456789ab"
SECTION = '__attribute__((section("policyd"), used)) '

PREAMBLE = r"""
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
#ifdef PD_LITERAL_MAPS
u64 bpf_pseudo_fd(u64 kind, u64 number) asm("llvm.bpf.pseudo");
#define MAP(name) ((void *)bpf_pseudo_fd(1, PD_FD_##name))
#define DECLARE(name)
#else
#define MAP(name) ((void *)&name)
#define DECLARE(name) struct { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[4]; } \
	name __attribute__((section(".maps"), used));
#endif
static void *(*bpf_map_lookup_elem)(void *, const void *) = (void *)1;
static u64 (*bpf_get_current_task)(void) = (void *)35;
static long (*bpf_probe_read_kernel)(void *, u32, const void *) = (void *)113;
static long (*bpf_tail_call)(void *, void *, u32) = (void *)12;
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"""
COUNTS = "DECLARE(counts)\n"
COUNT = """{
	u32 key = 2; u64 *found = bpf_map_lookup_elem(MAP(counts), &key);
	if (found)
		__sync_fetch_and_add(found, 1);
	return 0;
}
"""


def source(body: str, *programs: str, private: tuple[PrivateMap, ...] = ()) -> Source:
    made = {row.symbol for row in private}
    shared = tuple((name, name) for name in re.findall(r"DECLARE\((\w+)\)\n", body) if name not in made)
    return Source(PREAMBLE + body, programs or (NAME,), shared, private)


def function(body: str, name: str = NAME) -> str:
    return f"{SECTION}int {name}(u64 *ctx)\n{body}"


@pytest.fixture
def kernel() -> RealKernel:
    return RealKernel()


@pytest.fixture
def fds(kernel: RealKernel) -> Iterator[list[int]]:
    opened: list[int] = []
    yield opened
    for fd in opened:
        kernel.close(fd)


@pytest.fixture
def counts(kernel: RealKernel, fds: list[int]) -> int:
    fds.append(kernel.create_map("array", 4, 8, 4, 0, "pd_counts"))
    return fds[-1]


@pytest.fixture(scope="module")
def shared_bcc() -> Iterator[Bcc]:
    found = Bcc()
    yield found
    found.end()


@pytest.fixture(params=["clang", "bcc"])
def builder(request: pytest.FixtureRequest, shared_bcc: Bcc) -> CachingBuilder:
    return ClangBuilder() if request.param == "clang" else BccBuilder(bcc=shared_bcc)


def refusal(builder: CachingBuilder, body: str, maps: dict[str, int] | None = None) -> VerifierError:
    with pytest.raises(VerifierError) as caught:
        builder.build(source(body), POINT, maps or {})
    return caught.value


# ------------------------------------------------------------------------------------------------ what is loaded


def test_a_program_counts_into_the_map_that_it_was_given(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int], counts: int
) -> None:
    point = AttachPoint("xdp", "lo", "generic")
    (program,) = builder.build(source(COUNTS + function(COUNT.replace("return 0", "return 2"))), point, {"counts": counts})
    fds.append(program)
    assert run_on_packet(program, bytes(64), repeat=5).verdict == 2
    assert kernel.lookup(counts, (2).to_bytes(4, "little")) == (5).to_bytes(8, "little")


def test_a_program_has_its_functions_name_and_its_points_type(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int]
) -> None:
    fds += builder.build(source(function("{ return 0; }")), POINT, {})
    found = kernel.program_info(fds[0])
    assert (found.name, found.type, found.verified_instructions) == (NAME, "tracepoint", 2)


def test_several_programs_come_in_the_order_that_was_asked_for(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int]
) -> None:
    body = "".join(function("{ return 0; }", name) for name in ("pd_one", "pd_two", "pd_unwanted"))
    fds += builder.build(source(body, "pd_two", "pd_one"), POINT, {})
    assert [kernel.program_info(fd).name for fd in fds] == ["pd_two", "pd_one"]


@pytest.mark.parametrize("point", [XDP, AttachPoint("tcx", "lo", "egress"), AttachPoint("cgroup", "/", "connect4")])
def test_a_built_program_fits_the_slot_and_the_link_of_its_point(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int], point: AttachPoint
) -> None:
    slot = kernel.create_map("prog_array", 4, 4, 1, 0, "pd_slot")
    fds += [slot, kernel.load_stub(point, slot), *builder.build(source(function("{ return 1; }")), point, {})]
    kernel.update(slot, bytes(4), fds[2].to_bytes(4, "little"))
    assert kernel.lookup(slot, bytes(4)) == kernel.program_info(fds[2]).id.to_bytes(4, "little")


def test_private_maps_are_filled_and_live_as_long_as_their_program(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int]
) -> None:
    table = PrivateMap("counts", "array", 4, 8, 1, (77).to_bytes(8, "little"))
    body = "{ u32 key = 0; u64 *found = bpf_map_lookup_elem(MAP(counts), &key); return found ? *found : 0; }"
    fds += builder.build(source(COUNTS + function(body), private=(table,)), XDP, {})
    assert run_on_packet(fds[0], bytes(64)).verdict == 77


def test_the_callers_maps_stay_open(kernel: RealKernel, builder: CachingBuilder, fds: list[int], counts: int) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names are wanted)
    fds += builder.build(source(COUNTS + function(COUNT)), POINT, {"counts": counts})
    assert kernel.map_info(counts).name == "pd_counts"
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1  # noqa: PTH208


# ------------------------------------------------------------------------------------------------ what is refused


def test_a_refused_instruction_is_traced_to_the_policys_line(builder: CachingBuilder, counts: int) -> None:
    body = '{ u32 key = 2; u64 *found = bpf_map_lookup_elem(MAP(counts), &key);\n#line 12 "policies/x.yaml"\n*found += 1;\n'
    error = refusal(builder, COUNTS + function(body + '#line 9 "unit.c"\n return 0; }'), {"counts": counts})
    assert error.position == Position("policies/x.yaml", 12, 1)
    assert error.summary == "R0 invalid mem access 'map_value_or_null'"
    assert error.errno == errno.EACCES
    assert "*found += 1; @ policies/x.yaml:12" in error.log


def test_the_line_is_found_without_the_logs_help_too(
    builder: CachingBuilder, counts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.10 the log names no lines."""
    real = verifier.diagnose
    without = lambda log, code: real("\n".join(line for line in log.splitlines() if not line.startswith(";")), code)  # noqa: E731
    monkeypatch.setattr(verifier, "diagnose", without)
    body = '{ u32 key = 2; u64 *found = bpf_map_lookup_elem(MAP(counts), &key);\n#line 12 "policies/x.yaml"\n*found += 1;\n'
    two = function("{ return 0; }", "pd_before") + function(body + '#line 9 "unit.c"\n return 0; }')
    error = refusal(builder, COUNTS + two, {"counts": counts})
    assert error.position == Position("policies/x.yaml", 12, 1)


def test_a_member_that_the_kernel_has_not_is_named() -> None:
    """With clang only: what bcc compiles is for the kernel whose types it was given."""
    body = "struct task_struct { int nope; } __attribute__((preserve_access_index));\n" + function(
        "{ struct task_struct *task = (void *)bpf_get_current_task(); u32 x = 0;\n"
        " bpf_probe_read_kernel(&x, 4, &task->nope); return x; }"
    )
    assert "struct task_struct.nope" in refusal(ClangBuilder(), body).summary


def test_a_program_over_the_budget_is_known_as_one(builder: CachingBuilder) -> None:
    body = "{ u64 x = 0; for (int i = 0; i < 2000000; i++) x += bpf_get_current_task(); return x; }"
    error = refusal(builder, function(body))
    assert error.errno == errno.E2BIG
    assert "too large" in error.summary
    assert len(error.log) < 2 << 20


def test_a_program_with_too_many_maps_is_over_the_budget(
    kernel: RealKernel, builder: CachingBuilder, fds: list[int]
) -> None:
    names = [f"m{number}" for number in range(65)]
    maps = {name: kernel.create_map("array", 4, 8, 4, 0, name) for name in names}
    fds += maps.values()
    declared = "".join(f"DECLARE({name})\n" for name in names)
    used = "".join(f"bpf_map_lookup_elem(MAP({name}), &key);\n" for name in names)
    error = refusal(builder, declared + function("{ u32 key = 0;\n" + used + "return 0; }"), maps)
    assert error.errno == errno.E2BIG


@pytest.mark.parametrize(
    ("body", "of_clang", "of_bcc"),
    [
        (COUNTS + function(COUNT), "wants a map 'counts'", "cannot be loaded: 'counts'"),
        ("int number;\n" + function("{ number++; return 0; }"), "has static data", ""),
        (function("{ return 0; }", "pd_other"), f"no program '{NAME}'", f"Unknown program b?'?{NAME}"),
    ],
)
def test_an_object_that_does_not_fit_is_our_own_bug(builder: CachingBuilder, body: str, of_clang: str, of_bcc: str) -> None:
    with pytest.raises(CompileError if of_bcc or builder.name == "clang" else VerifierError) as caught:
        builder.build(source(body), POINT, {})
    assert re.search(of_clang if builder.name == "clang" else of_bcc, str(caught.value))


def test_bytes_that_are_no_object_are_our_own_bug(builder: CachingBuilder) -> None:
    with pytest.raises(CompileError, match="cannot be loaded"):
        builder.load(b"not an object", source(function("{ return 0; }")), POINT, {})


def test_a_map_whose_fd_is_closed_is_a_kernel_error_that_names_it(builder: CachingBuilder) -> None:
    with pytest.raises(KernelError, match="map counts" if builder.name == "clang" else f"load program {NAME}") as caught:
        builder.build(source(COUNTS + function(COUNT)), POINT, {"counts": 1 << 20})
    assert caught.value.errno in {errno.EBADF, errno.EBADFD}


def test_if_one_program_is_refused_none_stays_loaded(builder: CachingBuilder) -> None:
    body = function("{ return 0; }", "pd_fine_one") + function("{ return ctx[9000]; }", "pd_refused")
    with pytest.raises(VerifierError):
        builder.build(source(body, "pd_fine_one", "pd_refused"), POINT, {})
    assert "pd_fine_one" not in {name_of(number) for number in info.ids("program")}


def name_of(number: int) -> str:
    fd = info.open_id("program", number)
    if fd is None:
        return ""
    try:
        return info.program_info(fd).name
    finally:
        os.close(fd)
