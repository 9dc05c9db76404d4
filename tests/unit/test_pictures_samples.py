"""Stacks become samples: names in order, equal ones together, and no chance numbers."""

from __future__ import annotations

from policyd.pictures.folded import folded
from policyd.pictures.samples import CUT_KERNEL, CUT_USER, Choice, Frame, Kind, Sample, frames_of, make_samples, renamed
from policyd.stack import NamedStack, Stack, StackSeries, Symbol, UserFrame

NAMES = {
    1: Symbol("vfs_read", 4),
    2: Symbol("ksys_read", 8, "fs"),
    11: Symbol("read", 1, "libc.so.6"),
    12: Symbol("main", 2, "cat"),
}


class Names:
    """Names frames by a table of addresses."""

    def kernel(self, address: int, *, returns: bool = False) -> Symbol:
        return NAMES.get(address, Symbol("", address))

    def user(self, frame: UserFrame, pid: int = 0, *, returns: bool = False) -> Symbol:
        return NAMES.get(frame.address, Symbol("", frame.address))

    def stack(self, stack: Stack) -> NamedStack:
        return NamedStack(
            tuple(map(self.kernel, stack.kernel)), tuple(map(self.user, stack.user)), stack.kernel_cut, stack.user_cut
        )


def series(value: int, pid: int = 7, comm: str = "cat", kernel: tuple[int, ...] = (1, 2)) -> StackSeries:
    return StackSeries(Stack(kernel, (UserFrame(11), UserFrame(12)), pid), (("comm", comm),), value)


def nameless(module: str) -> Symbol:
    return Symbol("", 4096, module)


def names_of(*user: Symbol) -> list[str]:
    return [frame.name for frame in frames_of(NamedStack(user=user))]


def test_a_sample_goes_from_the_program_into_the_kernel() -> None:
    (sample,) = make_samples([series(5)], Names())

    assert [frame.name for frame in sample.labelled] == ["cat", "main", "read", "ksys_read", "vfs_read"]
    assert [frame.kind.value for frame in sample.labelled] == ["label", "user", "user", "kernel", "kernel"]
    assert list(folded([sample])) == ["cat;main;read;ksys_read_[k];vfs_read_[k] 5"]


def test_stacks_of_the_same_names_are_one_sample() -> None:
    samples = make_samples([series(5), series(4, pid=8), series(1, comm="dd")], Names())

    assert [(sample.labels, sample.value) for sample in samples] == [((("comm", "cat"),), 9), ((("comm", "dd"),), 1)]
    assert [sample.value for sample in make_samples([series(5), series(1, comm="dd")], Names(), Choice(by=()))] == [6]


def test_either_side_can_be_left_out() -> None:
    (kernel,) = make_samples([series(5)], Names(), Choice(user=False, by=()))
    (user,) = make_samples([series(5)], Names(), Choice(kernel=False, by=()))

    assert list(folded([kernel, user])) == ["ksys_read_[k];vfs_read_[k] 5", "main;read 5"]


def test_what_was_cut_says_so_where_frames_are_missing() -> None:
    frames = frames_of(NamedStack((Symbol("vfs_read"),), (Symbol("main"),), kernel_cut=True, user_cut=True))

    assert frames == (CUT_USER, Frame("main", Kind.USER), CUT_KERNEL, Frame("vfs_read", Kind.KERNEL, "kernel"))


def test_chance_numbers_of_programs_without_frame_pointers_are_one_frame() -> None:
    garbage = [nameless("clang"), nameless(""), nameless("clang"), nameless("")]

    assert names_of(nameless("libLLVM.so"), *garbage) == ["[unknown]", "[libLLVM.so]"]
    assert names_of(Symbol("parse", 1, "clang"), *garbage, Symbol("main", 1, "clang")) == ["main", "[unknown]", "parse"]


def test_nameless_functions_of_known_files_are_told_apart() -> None:
    assert names_of(*[nameless("liba.so")] * 3, *[nameless("app")] * 2) == ["[app]", "[liba.so]"]


def test_code_made_at_run_time_is_a_kind_of_its_own() -> None:
    frames = frames_of(NamedStack(user=(Symbol("LFoo;::bar", 0, "perf-12.map"),)))

    assert frames == (Frame("LFoo;::bar", Kind.MADE, "perf-12.map"),)
    assert list(folded([Sample(frames, 3)])) == ["LFoo:::bar 3"]


def test_labels_of_foreign_text_are_safe() -> None:
    (sample,) = make_samples([series(1, comm="\x1b[2J")], Names())

    assert sample.labels == (("comm", r"\x1b[2J"),)


def test_a_stack_without_frames_is_still_counted() -> None:
    (sample,) = make_samples([StackSeries(Stack(), (), 3)], Names())

    assert list(folded([sample])) == ["[empty] 3"]


def test_functions_can_be_called_otherwise_and_equal_ones_are_put_together() -> None:
    one, two = (Sample((Frame(name, Kind.USER),), 2) for name in ("_ZN1aE1", "_ZN1aE2"))

    assert renamed((one, two), {"_ZN1aE1": "a", "_ZN1aE2": "a"}) == (Sample((Frame("a", Kind.USER),), 4),)
