"""The kinds of sinks as a table: from a configuration's `sinks` to outlets that can be started.

The agent calls `make_outlets`.  What a sink needs that is heavy (HTTP) is imported when one of its kind is made.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from policyd.sinks.fields import Fields, Filter
from policyd.sinks.outlet import Choice, Outlet
from policyd.sinks.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.config.model import SinkConfig
    from policyd.sinks.facts import AgentFacts
    from policyd.sinks.sink import Sink


def make_outlets(configs: Iterable[SinkConfig], facts: AgentFacts) -> tuple[Outlet, ...]:
    """Return an outlet for each sink, not started.

    Raises `SinkError` (a socket's path is taken), `SpoolError`, `OwnershipError` or `LockError` (a spool's folder); those
    that were made before are closed then.  What is merely not there yet (a file's folder, a collector) raises nothing.
    """
    made: list[Outlet] = []
    with ExitStack() as undo:
        for config in configs:
            outlet = make_outlet(config, facts)
            undo.callback(outlet.stop, 0.0)
            made.append(outlet)
        undo.pop_all()
    return tuple(made)


def make_outlet(config: SinkConfig, facts: AgentFacts) -> Outlet:
    """Return the outlet of one sink, not started; raises as `make_outlets` does."""
    chosen, wanted = config.fields, config.filter
    choice = Choice(
        filter=Filter(wanted.policies, wanted.min_severity, wanted.labels, wanted.tags),
        fields=Fields(chosen.include, chosen.exclude, chosen.redact),
        events=config.queue,
    )
    with ExitStack() as undo:
        spool = None
        if config.spool:
            spool = Spool(config.spool.path, config.spool.max_size, config.spool.sync)
            undo.callback(spool.close)
        outlet = Outlet(config.name, KINDS[config.given_kind](config, facts), choice, spool)
        undo.pop_all()
    return outlet


def _stdout(config: SinkConfig, facts: AgentFacts) -> Sink:  # noqa: ARG001 (as all rows of the table)
    from policyd.sinks.stdout import StdoutSink  # noqa: PLC0415 (a kind that is not used is not imported; so below)

    return StdoutSink()


def _file(config: SinkConfig, facts: AgentFacts) -> Sink:  # noqa: ARG001
    from policyd.sinks.file import FileSink, Rotation  # noqa: PLC0415

    assert config.file
    of = config.file
    return FileSink(of.path, Rotation(of.max_size, of.max_age or 0.0, of.keep, of.compress))


def _syslog(config: SinkConfig, facts: AgentFacts) -> Sink:
    from policyd.sinks.syslog import SyslogSink  # noqa: PLC0415

    assert config.syslog
    return SyslogSink(config.syslog.address, facts.node)


def _journald(config: SinkConfig, facts: AgentFacts) -> Sink:  # noqa: ARG001
    from policyd.sinks.journald import JournaldSink  # noqa: PLC0415

    return JournaldSink()


def _otlp(config: SinkConfig, facts: AgentFacts) -> Sink:
    from policyd.sinks.http import Address  # noqa: PLC0415
    from policyd.sinks.otlp import OtlpSink  # noqa: PLC0415

    assert config.otlp
    of = config.otlp
    return OtlpSink(
        Address(of.endpoint, of.headers, of.timeout, ca_file=of.ca_file), facts, of.metrics.interval if of.metrics else 0.0
    )


def _webhook(config: SinkConfig, facts: AgentFacts) -> Sink:  # noqa: ARG001
    from policyd.sinks.http import Address  # noqa: PLC0415
    from policyd.sinks.webhook import WebhookSink  # noqa: PLC0415

    assert config.webhook
    of = config.webhook
    return WebhookSink(Address(of.url, of.headers, of.timeout, of.compress, of.ca_file), of.batch, of.format)


def _socket(config: SinkConfig, facts: AgentFacts) -> Sink:  # noqa: ARG001
    from policyd.sinks.local import SocketSink  # noqa: PLC0415

    assert config.socket
    return SocketSink(config.socket.path)


KINDS: dict[str, Callable[[SinkConfig, AgentFacts], Sink]] = {
    "stdout": _stdout,
    "file": _file,
    "syslog": _syslog,
    "journald": _journald,
    "otlp": _otlp,
    "webhook": _webhook,
    "socket": _socket,
}
"""By the key that a sink is written with (`SinkConfig.kinds`)."""
