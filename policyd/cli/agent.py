"""The option `--socket`, and the client that commands which talk to a running agent share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import click

from policyd.api.port import DEFAULT_SOCKET
from policyd.cli.context import DEFAULT_ROOT
from policyd.errors import PolicydError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.api.client import AgentClient
    from policyd.cli.context import Settings
    from policyd.health import Books, Proof

Command = TypeVar("Command", bound="Callable[..., object]")
_SECONDS = 2.0


def socket_option(function: Command) -> Command:
    """Add `--socket` to a command, which gets it as `socket`."""
    option = click.option(
        "--socket",
        metavar="PATH",
        default=DEFAULT_SOCKET,
        show_default=True,
        envvar="POLICYD_SOCKET",
        show_envvar=True,
        help="Where the agent listens.",
    )
    return option(function)


@dataclass(frozen=True, slots=True)
class Known:
    """What the agent knows of policies, by name; nothing if there is no agent, or one of another root."""

    proofs: Mapping[str, Proof] = field(default_factory=dict)
    books: Mapping[str, Books] = field(default_factory=dict)


def known_to_agent(settings: Settings, socket: str) -> Known:
    """Return what the agent knows of policies beyond what is pinned; it is not waited for long."""
    if settings.root != DEFAULT_ROOT and socket == DEFAULT_SOCKET:
        return Known()
    agent = open_agent(socket, _SECONDS)
    try:
        return Known(agent.proofs(), agent.books())
    except PolicydError:
        return Known()


def open_agent(socket: str, timeout: float | None = None) -> AgentClient:
    """Return a client of the agent at a socket; it is asked, and may be found absent, only when it is used."""
    from policyd.api.client import AgentClient

    path = socket.removeprefix("unix:")
    return AgentClient(path) if timeout is None else AgentClient(path, timeout)
