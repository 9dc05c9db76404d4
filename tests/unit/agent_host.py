"""An agent's reconciler and drift watch on the kernel in memory: sources are dictionaries, policies small JSON documents."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_kernel import FakeKernel
from fake_toolchain import FakeToolchain, point_of, resolve

from policyd.daemon.drift import DriftOptions, DriftWatch, Owner
from policyd.daemon.follow import Surroundings
from policyd.daemon.reconciler import Effort, Reconciler
from policyd.daemon.tended import SourcePlan
from policyd.daemon.workplace import Workplace
from policyd.daemon.writer import Writer
from policyd.engine import Engine, ProcessTable
from policyd.errors import PolicyError, Problem
from policyd.parsing import Loaded
from policyd.resolve import Host
from policyd.sources.source import Bundle, BundleFile, Mark, SourceError, make_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.health import SourceStatus
    from policyd.unit import TypedPolicy

TRACE, XDP = "tracepoint:a/b", "xdp:eth0"


@dataclass
class Policy:
    """What the fake gate makes of a file: a policy's name, and the document that `fake_toolchain.resolve` understands."""

    name: str
    document: str


@dataclass
class FakeSource:
    """A source whose content is set by the test."""

    name: str
    content: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: Exception | None = None
    order: int = 0
    kind: str = "fake"
    where: str = "memory"
    interval: float = 60.0
    fetched: list[Mark] = field(default_factory=list)

    def put(self, *names: str, **facts: Any) -> None:
        """Make it hold policies of these names, all with the same facts."""
        self.content = {name: {"name": name, **facts} for name in names}

    def fetch(self, mark: Mark) -> Bundle:
        self.fetched.append(mark)
        if self.error is not None:
            raise self.error
        files = [
            BundleFile(f"{name}.json", json.dumps(facts, sort_keys=True).encode()) for name, facts in self.content.items()
        ]
        return make_bundle(files, order=self.order, commit=str(self.order), signer=f"signer-{self.order}")

    @contextmanager
    def watch(self, changed: Callable[[], object]) -> Iterator[None]:
        yield


def parse(bundle: Bundle, source: str) -> Loaded:
    """Return the policies of a bundle; a file that is `wrong` makes all of it wrong."""
    documents = [json.loads(file.data) for file in bundle.files]
    problems = tuple(Problem("wrong", f"{facts['name']} is wrong") for facts in documents if facts.get("wrong"))
    if problems:
        raise PolicyError(problems)
    return Loaded(tuple(Policy(facts["name"], json.dumps(facts, sort_keys=True)) for facts in documents), ())  # type: ignore[arg-type]


class AgentHost:
    """A reconciler over sources; `turn` does what is due."""

    def __init__(self, *plans: SourcePlan, kernel: FakeKernel | None = None, mode: str = "repair") -> None:
        self.kernel = kernel or FakeKernel()
        self.toolchain = FakeToolchain(self.kernel)
        self.interfaces = {"eth0": "ethernet"}
        self.surroundings = Surroundings(lambda: Host(dict(self.interfaces), "/sys/fs/cgroup", lambda _: True))  # type: ignore[arg-type]
        self.writer = Writer(Workplace(self.kernel, self.surroundings.host, self._engine, parse, self._resolve))
        self.writer.take_over()
        self.reconciler = Reconciler(self.writer, plans, 300.0)
        owner = Owner(
            self.reconciler.own_policies,
            self.reconciler.bring_back,
            lambda: self.reconciler.wake(effort=Effort.FOLLOW),
        )
        self.drift = DriftWatch(self.writer, owner, self.surroundings, DriftOptions(mode))  # type: ignore[arg-type]

    def _engine(self, host: Host) -> Engine:
        table = ProcessTable("hash", 4, 8, 64, list)
        return Engine(self.kernel, self.toolchain, resolve, table, workers=1)

    def _resolve(self, policies: Iterable[Policy], host: Host) -> tuple[tuple[TypedPolicy, ...], tuple[Problem, ...]]:
        typed, problems = [], []
        for policy in policies:
            facts = json.loads(policy.document)
            needs = facts.get("interface")
            if needs and needs not in (host.interfaces or {}):
                problems.append(Problem("no-interface", f"there is no interface {needs}", policy=policy.name))
            else:
                typed.append(resolve(policy.document, {})[0])
        return tuple(typed), tuple(problems)

    def turn(self) -> None:
        self.reconciler.turn()

    def due(self, *names: str) -> None:
        """Let the time come for these sources."""
        for name in names:
            self.reconciler.tended[name].due = 0.0

    def look(self, *names: str) -> SourceStatus:
        """Have sources looked at, and return the status of the first."""
        self.due(*names)
        self.turn()
        return self.status(names[0])

    def status(self, name: str) -> SourceStatus:
        return self.reconciler.tended[name].status

    def events(self, point: str = TRACE) -> list[str]:
        return self.kernel.events(point_of(point))

    def restarted(self, *plans: SourcePlan) -> AgentHost:
        """Return a new agent on what an agent that was killed has left."""
        self.kernel.restart()
        return AgentHost(*plans, kernel=self.kernel)


def unreachable() -> SourceError:
    return SourceError("the repository does not answer", transient=True)
