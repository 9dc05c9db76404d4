"""The option `--socket`, and the client that commands which talk to a running agent share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from policyd.api.port import DEFAULT_SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.api.client import AgentClient

Command = TypeVar("Command", bound="Callable[..., object]")


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


def open_agent(socket: str, timeout: float | None = None) -> AgentClient:
    """Return a client of the agent at a socket; it is asked, and may be found absent, only when it is used."""
    from policyd.api.client import AgentClient

    path = socket.removeprefix("unix:")
    return AgentClient(path) if timeout is None else AgentClient(path, timeout)
