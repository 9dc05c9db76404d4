"""The toolchain: what it asks of the code generator and of the builder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policyd.cli.render import bound_units
from policyd.errors import BuildError, CompileError
from policyd.parsing import parse_policies
from policyd.resolve import Host, resolve
from policyd.target import Target
from policyd.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.codegen import Source
    from policyd.unit import AttachPoint, BoundUnit

TEXT = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: two}
spec:
  rules:
    - {name: a, hook: {syscall: [getppid, getpid]}, outputs: [{counter: {name: calls_total}}]}
"""


class FakeBuilder:
    """Remembers what it was asked for; refuses what it is told to."""

    name = "fake"

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.maps: dict[str, Mapping[str, int]] = {}

    def compile(self, source: Source, unit: str) -> bytes:
        if unit == self.refuses:
            raise CompileError(unit, "refused")
        return source.text.encode()

    def compile_many(
        self, sources: Mapping[str, Source], progress: Callable[[str], object] | None = None
    ) -> dict[str, bytes | CompileError]:
        results: dict[str, bytes | CompileError] = {}
        for unit, source in sources.items():
            try:
                results[unit] = self.compile(source, unit)
            except CompileError as error:
                results[unit] = error
            if progress:
                progress(unit)
        return results

    def load(self, compiled: bytes, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        self.maps[point.key] = maps
        return tuple(range(100, 100 + len(source.programs)))

    def build(self, source: Source, point: AttachPoint, maps: Mapping[str, int]) -> tuple[int, ...]:
        return self.load(self.compile(source, point.key), source, point, maps)


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.running()


@pytest.fixture(scope="module")
def units(target: Target) -> tuple[BoundUnit, ...]:
    (policy,) = parse_policies(TEXT.encode(), "two.yaml").require()
    return bound_units((resolve(policy, target, Host.anywhere()).policy,))


def test_build_opens_each_shared_map_by_the_name_that_the_code_gives(target: Target, units: tuple[BoundUnit, ...]) -> None:
    opened: list[str] = []
    builder, built = FakeBuilder(), list[str]()

    fds = Toolchain(target, builder, built.append, permitted=[].append).build(
        units[0], lambda name: opened.append(name) or len(opened)
    )

    key = units[0].unit.attach_point.key
    source = Toolchain(target, builder).render(units[0])
    assert fds == (100,)
    assert opened == [name for _, name in source.shared]
    assert builder.maps[key] == {symbol: number for number, (symbol, _) in enumerate(source.shared, start=1)}
    assert built == [key]


def test_a_unit_that_does_not_compile_opens_no_map_and_is_not_told_as_built(
    target: Target, units: tuple[BoundUnit, ...]
) -> None:
    built = list[str]()
    toolchain = Toolchain(target, FakeBuilder(refuses=units[0].unit.attach_point.key), built.append, [].append)

    def no_map(name: str) -> int:
        raise AssertionError(name)

    with pytest.raises(CompileError):
        toolchain.build(units[0], no_map)
    assert built == []


def test_compile_all_tells_every_unit_and_returns_only_errors(target: Target, units: tuple[BoundUnit, ...]) -> None:
    keys = [bound.unit.attach_point.key for bound in units]
    told: list[str] = []

    errors = Toolchain(target, FakeBuilder(refuses=keys[1])).compile_all(units, told.append)

    assert told == keys
    assert list(errors) == [keys[1]]


def test_a_unit_can_be_rendered_in_shards(target: Target) -> None:
    rules = "".join(
        f"    - {{name: r{n}, hook: {{syscall: getppid}}, outputs: [{{counter: {{name: c{n}_total}}}}]}}\n" for n in range(4)
    )
    (policy,) = parse_policies(f"{TEXT.partition('    - ')[0]}{rules}".encode(), "x.yaml").require()
    (bound,) = bound_units((resolve(policy, target, Host.anywhere()).policy,))
    toolchain = Toolchain(target, FakeBuilder())

    assert len(toolchain.render(bound).programs) == 1
    assert len(toolchain.render(bound, 2).programs) == 2


def test_texts_that_do_not_fit_a_cpus_place_are_said_before_anything_is_compiled(target: Target) -> None:
    """A rule's own texts are shortened until they fit; here are those of many policies, each different."""
    texts = []
    for number in range(10):
        head = TEXT.partition("    - ")[0].replace("name: ", f"name: p{number}-", 1)
        fields = f"{{a: args.argv.as(string4000), b: args.envp.as(string{3000 + number})}}"
        texts.append(f"{head}    - {{name: r, hook: {{syscall: execve}}, outputs: [event: {{fields: {fields}}}]}}\n")
    policies = parse_policies("---".join(texts).encode(), "x.yaml").require()
    (bound,) = bound_units(tuple(resolve(policy, target, Host.anywhere()).policy for policy in policies))
    builder = FakeBuilder()

    errors = Toolchain(target, builder).compile_all([bound])

    (error,) = errors.values()
    assert "bytes for the texts" in str(error)
    with pytest.raises(BuildError, match="there are 32,768"):
        Toolchain(target, builder, permitted=[].append).build(bound, lambda name: 0)
