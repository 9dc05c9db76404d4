"""Changes made in a process of their own, so that the agent stays small.

Parsing, resolving and building take tens of megabytes: pydantic, the kernel's types, templates, a hundred typed policies.
A change is seldom; the process that makes it ends with it, and all its memory with the process.

The agent sends what the process has to know, and the errand.  It is asked in between (`Liaison`), and in the end gets what
was noted (times, what was asked of the host) and what became of the errand.  Messages are pickles: both ends are this
program, and nobody else has the pipes.  If the agent dies, the process ends at its next question; if the process dies, what
runs goes on, and the next change begins from the pins.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from policyd.daemon.applier import Applied
from policyd.engine import Result
from policyd.errors import PolicydError
from policyd.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.daemon.workplace import Errand, Liaison, Place
    from policyd.kernel.port import Kernel

_ASK, _DONE, _FAILED = "ask", "done", "failed"
_QUESTIONS = frozenset({"ready", "step", "waiting"})
"""What may be asked of a `Liaison`."""
_END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Away:
    """A `Place` in another process.

    `command` starts it, and `serve` is what it calls; `facts` are what it has to know, and `learn` takes what it noted.
    """

    kernel: Kernel
    command: tuple[str, ...]
    facts: object
    learn: Callable[[Any], object]

    def do(self, errand: Errand, liaison: Liaison) -> Applied | Result:
        """See `Place`; `PolicydError` if the process cannot be started, or ends without an answer."""
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, cwd="/", start_new_session=True)
        except OSError as error:
            raise PolicydError(f"the process that makes changes cannot be started: {error.strerror}") from error
        with process:
            try:
                return self._converse(process, errand, liaison)
            except (EOFError, BrokenPipeError):
                raise PolicydError(f"the process that makes changes {_ending(process.wait())}") from None
            finally:
                _finish(process)

    def _converse(self, process: subprocess.Popen[bytes], errand: Errand, liaison: Liaison) -> Applied | Result:
        assert process.stdin is not None
        assert process.stdout is not None
        _send(process.stdin, (self.facts, errand))
        while True:
            kind, what, noted = _receive(process.stdout)
            if kind == _ASK:
                _send(process.stdin, _answer(liaison, *what))
                continue
            self.learn(noted)
            if kind == _FAILED:
                raise what
            assert isinstance(what, Applied | Result)
            return what


def _answer(liaison: Liaison, name: str, arguments: tuple[str, ...]) -> Exception | None:
    """Return what a question raised."""
    assert name in _QUESTIONS
    try:
        getattr(liaison, name)(*arguments)
    except Exception as error:  # the process ends with it, and hands it back
        return error
    return None


def _ending(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended without an answer (status {status})"


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has answered; one that hangs is killed."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


# ------------------------------------------------------------------------------------------------ in the process


@dataclass(frozen=True, slots=True)
class _Asking:
    """A `Liaison` at the other end of the pipes."""

    questions: IO[bytes]
    answers: IO[bytes]

    def ready(self) -> None:
        self._ask("ready")

    def step(self, hook_id: str) -> None:
        self._ask("step", hook_id)

    def waiting(self, why: str) -> None:
        self._ask("waiting", why)

    def _ask(self, name: str, *arguments: str) -> None:
        _send(self.questions, (_ASK, (name, arguments), None))
        error = pickle.load(self.answers)  # noqa: S301 (the agent); EOFError: it is gone
        if error is not None:
            raise error


def serve(receive: IO[bytes], send: IO[bytes], make: Callable[[Any], tuple[Place, Callable[[], object]]]) -> None:
    """Do one errand.  `make` gets the facts, and returns a place, and what tells at the end what was noted."""
    facts, errand = pickle.load(receive)  # noqa: S301 (the agent)
    answer: tuple[str, object, object]
    place, noted = make(facts)
    try:
        done = place.do(errand, _Asking(send, receive))
        answer = _DONE, replace(done, plan=_NO_PLAN) if isinstance(done, Result) else done, noted()
    except EOFError:
        return
    except Exception as error:  # the agent knows what to do about it
        answer = _FAILED, error, noted()
    _send(send, answer)


_NO_PLAN = Plan((), {}, {}, {})
"""Plans are large, and only their makers need them."""


def _receive(stream: IO[bytes]) -> tuple[str, Any, Any]:
    try:
        kind, what, noted = pickle.load(stream)  # noqa: S301 (our own process)
    except EOFError:
        raise
    except Exception as error:
        raise PolicydError(
            f"the process that makes changes is of another version: start the agent anew ({error})"
        ) from error
    return kind, what, noted


def _send(stream: IO[bytes], message: object) -> None:
    try:
        data = pickle.dumps(message)
    except Exception as error:  # an exception of a library, mostly
        data = pickle.dumps((_FAILED, PolicydError(f"a bug of policyd: {error}: {message!r:.500}"), None))
    stream.write(data)
    stream.flush()
