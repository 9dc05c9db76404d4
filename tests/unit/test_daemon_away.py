"""Changes in a process of their own: what is asked, answered and raised comes across the pipes as it was."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from policyd.daemon import away
from policyd.daemon.applier import Applied, Revision
from policyd.daemon.away import Away
from policyd.daemon.workplace import Removal, TrialError
from policyd.engine import Outcome, Request, Result
from policyd.errors import AttachError, PolicydError, PolicyError, Position, Problem
from policyd.plan import Plan
from policyd.sources.source import make_bundle

PROGRAM = "import os, sys; sys.path[:] = {path!r}; import test_daemon_away as here; here.main(os.fdopen(os.dup(1), 'wb'))"
COMMAND = (sys.executable, "-c", PROGRAM.format(path=sys.path))


@dataclass
class Listening:
    """A liaison that remembers, and raises what it is told to."""

    heard: list[tuple[str, ...]] = field(default_factory=list)
    error: Exception | None = None

    def ready(self) -> None:
        self._hear("ready")

    def step(self, hook_id: str) -> None:
        self._hear("step", hook_id)

    def waiting(self, why: str) -> None:
        self._hear("waiting", why)

    def _hear(self, *words: str) -> None:
        self.heard.append(words)
        if self.error is not None:
            raise self.error


class Remote:
    """What the process does, by the errand."""

    kernel: Any = None

    def do(self, errand: Any, liaison: Any) -> Applied | Result:
        if isinstance(errand, Revision):
            liaison.ready()
            liaison.step("xdp-1")
            return Applied(1, {"b": "why"}, (errand.name,), True)
        if isinstance(errand, Removal):
            sys.exit(3)
        outcome = Outcome("a", "failed", error=AttachError("xdp:lo", "attach", 16, "busy"))
        liaison.waiting("somebody")
        return Result((outcome,), Plan((), {}, {}, {}), (), 0.5)


class Failing(Remote):
    def do(self, errand: Any, liaison: Any) -> Applied | Result:
        raise TrialError(12.0)


def main(answers: Any) -> None:
    """The process."""
    makers = {"remote": Remote, "failing": Failing}
    away.serve(sys.stdin.buffer, answers, lambda facts: (makers[facts](), lambda: f"noted by {facts}"))


def make(facts: str = "remote") -> tuple[Away, list[object]]:
    noted: list[object] = []
    return Away(None, COMMAND, facts, noted.append), noted  # type: ignore[arg-type]


def test_a_revision_is_brought_with_questions_in_between() -> None:
    (place, noted), liaison = make(), Listening()
    done = place.do(Revision("base", make_bundle(())), liaison)
    assert done == Applied(1, {"b": "why"}, ("base",), True)
    assert liaison.heard == [("ready",), ("step", "xdp-1")]
    assert noted == ["noted by remote"]


def test_errors_in_outcomes_keep_their_facts() -> None:
    done = make()[0].do(Request(), Listening())
    assert isinstance(done, Result)
    (failed,) = done.failed
    assert isinstance(failed.error, AttachError)
    assert (failed.error.attach_point, failed.error.errno, failed.error.hint) == ("xdp:lo", 16, "busy")


def test_what_is_raised_there_is_raised_here() -> None:
    place, noted = make("failing")
    with pytest.raises(TrialError, match="12 s") as caught:
        place.do(Request(), Listening())
    assert caught.value.seconds == 12.0
    assert noted == ["noted by failing"]


def test_what_the_agent_raises_at_a_question_ends_the_change() -> None:
    with pytest.raises(PolicydError, match="the agent ends"):
        make()[0].do(Request(), Listening(error=PolicydError("the agent ends")))


def test_a_process_that_ends_without_an_answer_is_an_error() -> None:
    with pytest.raises(PolicydError, match="ended without an answer"):
        make()[0].do(Removal(frozenset(), 1.0), Listening())


def test_a_process_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(PolicydError, match="cannot be started"):
        Away(None, ("/nowhere",), "", print).do(Request(), Listening())  # type: ignore[arg-type]


def test_problems_and_their_places_survive_pickling() -> None:
    problem = Problem("code", "wrong", Position("a.yaml", 1, 2))
    again = pickle.loads(pickle.dumps(PolicyError([problem])))
    assert (type(again), again.problems, str(again)) == (PolicyError, (problem,), str(PolicyError([problem])))
