"""The agent's configuration as frozen models: what `load_config` returns and the parts of the agent are made of.

Times are seconds, sizes bytes, secrets the paths of files that hold them.  An optional part that was not written is None.
Each key's description is here once: the reference page and the JSON Schema are made of it.
"""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from policyd.config import defaults
from policyd.config.address import Listen, SyslogAddress
from policyd.config.words import (
    AbsolutePath,
    BatchLength,
    CommitId,
    FieldGlob,
    FileBytes,
    GitUrl,
    HeaderName,
    HttpUrl,
    Interval,
    Kept,
    ListenAddress,
    NameGlob,
    OptionalInterval,
    QueueLength,
    RefName,
    RelativePath,
    SecretFile,
    SocketPath,
    SyslogPlace,
    Timeout,
)
from policyd.errors import Problem
from policyd.policy import Metadata, Model
from policyd.vocabulary.severities import Severity
from policyd.words import DnsLabel, Flag, LabelKey, LabelValue, Tag

DriftMode = Literal["repair", "report"]
VerifyMode = Literal["HEAD", "Tag", "TagAndHEAD"]
SinkKind = Literal["stdout", "file", "syslog", "journald", "otlp", "webhook", "socket"]


class Part(Model):
    """A mapping of the document.  `what` names it in messages; exactly one of the fields `kinds` is given."""

    what: ClassVar[str] = ""
    kinds: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()  # fields that are files with secrets, or pairs with such files

    @property
    def given_kind(self) -> str:
        """The one of `kinds` that is given."""
        return next(name for name in self.kinds if getattr(self, name))


# ------------------------------------------------------------------------------------------------ sources


class DirectorySource(Part):
    """A folder on this host: plain, replaced by a symbolic link, or a mounted ConfigMap."""

    what = "a folder"
    path: AbsolutePath = Field(description="The folder. All `*.yaml` and `*.yml` below it are read, hidden names are not.")


class GitRef(Part):
    """What is followed of a repository; nothing given: what `HEAD` of the repository names."""

    what = "a ref"
    branch: RefName = Field(default="", description="A branch: its newest commit.")
    tag: RefName = Field(default="", description="A tag.")
    commit: CommitId = Field(default="", description="One commit, in full.")


class Verify(Part):
    """Which signatures a revision needs."""

    what = "`verify`"
    mode: VerifyMode = Field(
        default="HEAD", description="What must be signed: the commit (`HEAD`), the tag (`Tag`), or both."
    )
    keys: tuple[AbsolutePath, ...] = Field(
        description="Files of those who may sign: SSH `allowed_signers`, or OpenPGP public keys."
    )


class Credentials(Part):
    """Who fetches: a user with a password, a token, or an SSH key.  Files, read at each fetch."""

    what = "credentials"
    secrets = ("username", "password", "token", "ssh_key")
    username: SecretFile = Field(default="", description="File with the user's name, for https.")
    password: SecretFile = Field(default="", description="File with the password.")
    token: SecretFile = Field(default="", description="File with an access token, for https: it is sent as the password.")
    ssh_key: SecretFile = Field(default="", description="File with a private key, for ssh.")
    known_hosts: AbsolutePath = Field(default="", description="File with the server's keys (`known_hosts`); ssh needs it.")
    ca_file: AbsolutePath = Field(default="", description="File with the authorities that vouch for the server, for https.")


class GitWebhook(Part):
    """A forge may call the agent's API when there is something new."""

    what = "a webhook"
    secrets = ("secret",)
    secret: SecretFile = Field(description="File with the secret that the forge signs its calls with.")


class GitSource(Part):
    """A folder of a git repository."""

    what = "a git source"
    url: GitUrl = Field(description="`https://`, `ssh://` or `file://`; no password, a user only for ssh.")
    ref: GitRef = Field(default=GitRef(), description="What is followed. Default: what `HEAD` of the repository names.")
    path: RelativePath = Field(default="", description="The folder inside the repository. Default: its root.")
    interval: Interval = Field(
        default=defaults.POLL_SECONDS, description="How often it is asked for something new, with jitter."
    )
    verify: Verify | None = Field(default=None, description="Signatures that a revision needs; without it none is needed.")
    allow_older: tuple[CommitId, ...] = Field(
        default=(), description="Commits that may run although a newer one has run: a deliberate way back."
    )
    credentials: Credentials | None = Field(default=None, description="How to log in.")
    webhook: GitWebhook | None = Field(default=None, description="A call from the forge fetches at once.")


class SourceConfig(Part):
    """One place that policies come from; they belong to the set `name`, which is pruned on its own."""

    what = "a source"
    kinds = ("directory", "git")
    name: DnsLabel = Field(description="The set that its policies belong to.")
    directory: DirectorySource | None = Field(default=None, description="A folder on this host.")
    git: GitSource | None = Field(default=None, description="A git repository.")
    allow_empty: Flag = Field(
        default=False, description="`true`: a source that holds no policy any more removes all of its set."
    )
    adopt: Flag = Field(default=False, description="`true`: policies of other sets with the same names are taken over.")
    suspend: Flag = Field(default=False, description="`true`: it is not fetched; what runs of it stays.")
    depends_on: tuple[DnsLabel, ...] = Field(default=(), description="Sources that must have been applied before it.")


# ------------------------------------------------------------------------------------------------ sinks


class StdoutSink(Part):
    """JSON lines on standard output."""

    what = "the sink `stdout`"


class FileSink(Part):
    """JSON lines in a file, which is rotated."""

    what = "the sink `file`"
    path: AbsolutePath = Field(description="The file.")
    max_size: FileBytes = Field(default=64 << 20, description="It is rotated before it grows beyond this.")
    max_age: Interval | None = Field(
        default=None, description="It is rotated when its first event is older. Default: never."
    )
    keep: Kept = Field(default=5, description="How many older files stay.")
    compress: Flag = Field(default=True, description="Older files are compressed (gzip).")


class SyslogSink(Part):
    """RFC 5424 messages."""

    what = "the sink `syslog`"
    address: SyslogPlace = Field(
        default=SyslogAddress("unix", path="/dev/log"), description="`/dev/log`, `udp://host:port` or `tcp://host:port`."
    )


class JournaldSink(Part):
    """Entries of the systemd journal, with fields."""

    what = "the sink `journald`"


class OtlpMetrics(Part):
    """Metrics go to the same endpoint."""

    what = "`metrics`"
    interval: Interval = Field(default=60.0, description="How often.")


class OtlpSink(Part):
    """OpenTelemetry logs (and metrics) over HTTP."""

    what = "the sink `otlp`"
    secrets = ("headers",)
    endpoint: HttpUrl = Field(description="The collector's base URL, as `https://collector:4318`.")
    headers: tuple[tuple[HeaderName, SecretFile], ...] = Field(
        default=(), description="Names of headers, and the files that hold their values."
    )
    ca_file: AbsolutePath = Field(
        default="", description="The authorities that vouch for the server. Default: those of this host."
    )
    timeout: Timeout = Field(default=10.0, description="For one request.")
    metrics: OtlpMetrics | None = Field(default=None, description="Send metrics too.")


class WebhookSink(Part):
    """Batches of events as JSON by POST."""

    what = "the sink `webhook`"
    secrets = ("headers",)
    url: HttpUrl = Field(description="Where to.")
    headers: tuple[tuple[HeaderName, SecretFile], ...] = Field(
        default=(), description="Names of headers, and the files that hold their values."
    )
    batch: BatchLength = Field(default=500, description="Events in one request at most.")
    format: Literal["ndjson", "array"] = Field(default="ndjson", description="A JSON object a line, or one array of them.")
    compress: Flag = Field(default=False, description="`true`: requests are compressed (gzip).")
    ca_file: AbsolutePath = Field(
        default="", description="The authorities that vouch for the server. Default: those of this host."
    )
    timeout: Timeout = Field(default=10.0, description="For one request.")


class SocketSink(Part):
    """A Unix socket that streams JSON lines to whoever connects."""

    what = "the sink `socket`"
    path: SocketPath = Field(description="The socket; only root can connect.")


class SinkFilter(Part):
    """Which events a sink gets: all conditions must hold."""

    what = "a filter"
    policies: tuple[NameGlob, ...] = Field(default=(), description="Names of policies, or globs: one must fit.")
    min_severity: Severity = Field(default="info", description="This severity or a higher one.")
    labels: tuple[tuple[LabelKey, LabelValue], ...] = Field(
        default=(), description="Labels that the policy has, with these values."
    )
    tags: tuple[Tag, ...] = Field(default=(), description="Tags of the rule or the policy: one of them must be there.")


class SinkFields(Part):
    """Which fields of an event a sink gets, by paths or globs (`process.*`)."""

    what = "`fields`"
    include: tuple[FieldGlob, ...] = Field(default=(), description="Only these. Default: all.")
    exclude: tuple[FieldGlob, ...] = Field(default=(), description="Not these.")
    redact: tuple[FieldGlob, ...] = Field(default=(), description="These without their values.")


class Spool(Part):
    """Where events wait on disk while a sink is away."""

    what = "a spool"
    path: AbsolutePath = Field(description="A folder of its own.")
    max_size: FileBytes = Field(description="What it may take; then the oldest events are dropped and counted.")
    sync: Literal["never", "segment", "always"] = Field(
        default="segment",
        description="When it is forced to the disk, against power cuts: when a segment is full, or after each batch.",
    )


class SinkConfig(Part):
    """One place that events go to."""

    what = "a sink"
    kinds = ("stdout", "file", "syslog", "journald", "otlp", "webhook", "socket")
    name: DnsLabel = Field(description="What it is called in metrics and `describe`.")
    stdout: StdoutSink | None = Field(default=None, description="Standard output, as JSON lines: `stdout: {}`.")
    file: FileSink | None = Field(default=None, description="A file with rotation.")
    syslog: SyslogSink | None = Field(default=None, description="A syslog daemon.")
    journald: JournaldSink | None = Field(default=None, description="The systemd journal: `journald: {}`.")
    otlp: OtlpSink | None = Field(default=None, description="An OpenTelemetry collector.")
    webhook: WebhookSink | None = Field(default=None, description="An HTTP endpoint.")
    socket: SocketSink | None = Field(default=None, description="A Unix socket for other programs on this host.")
    filter: SinkFilter = Field(default=SinkFilter(), description="Which events. Default: all.")
    fields: SinkFields = Field(default=SinkFields(), description="Which of their fields. Default: all.")
    queue: QueueLength = Field(
        default=defaults.QUEUE_EVENTS,
        description="Events that wait in memory; then they are dropped and counted (or spooled).",
    )
    spool: Spool | None = Field(default=None, description="Let events wait on disk too.")


# ------------------------------------------------------------------------------------------------ the agent


class Drift(Part):
    """What others change about programs, links and maps."""

    what = "`drift`"
    mode: DriftMode = Field(default="repair", description="`repair`: it is put right. `report`: it is only told.")
    interval: Interval = Field(
        default=defaults.DRIFT_SECONDS, description="How often it is looked for; much is heard at once."
    )


class Canary(Part):
    """Events that the agent makes itself, to prove that they come through."""

    what = "`canary`"
    interval: OptionalInterval = Field(default=defaults.CANARY_SECONDS, description="How often; `0` switches them off.")


class Stats(Part):
    """The kernel measures run counts and times of all BPF programs of the host, for a moment again and again."""

    what = "`stats`"
    interval: Interval = Field(default=defaults.STATS_SECONDS, description="How often.")
    window: Timeout = Field(default=defaults.STATS_WINDOW_SECONDS, description="For how long each time.")


class Enrich(Part):
    """What is looked up about ids in events, after the fact."""

    what = "`enrich`"
    containers: Flag = Field(default=True, description="Container, image, pod and namespace of a cgroup.")
    users: Flag = Field(default=True, description="Names of users and groups.")
    node: Flag = Field(default=False, description="The name of this host, in every event.")
    dns: Flag = Field(default=False, description="Names of addresses, as seen on the wire: not supported yet.")


class Log(Part):
    """The agent's own log, on standard error."""

    what = "`log`"
    format: Literal["text", "json"] = Field(default="text", description="`key=value` text, or a JSON object a line.")


class AgentSpec(Part):
    """What the agent does."""

    what = "`spec`"
    sources: tuple[SourceConfig, ...] = Field(
        default=(), description="Where policies come from. None: what `apply` made stays."
    )
    interval: Interval = Field(default=defaults.RECONCILE_SECONDS, description="How often every source is applied anew.")
    drift: Drift = Field(default=Drift(), description="What is done about changes by others.")
    canary: Canary = Field(default=Canary(), description="Events that prove the way from hook to agent.")
    stats: Stats | None = Field(
        default=None,
        description="Measure what hooks cost. Without it, costs are known while `kernel.bpf_stats_enabled` is on.",
    )
    listen: tuple[ListenAddress, ...] = Field(
        default=(Listen(path=defaults.SOCKET),),
        description="Where the API is: `unix:/path` (also for commands), `http://host:port` (reading only).",
    )
    allow_remote: Flag = Field(default=False, description="`true`: `listen` may name addresses that other hosts can reach.")
    enrich: Enrich = Field(default=Enrich(), description="What is looked up about events.")
    sinks: tuple[SinkConfig, ...] = Field(default=(), description="Where events go. None: they are read and counted only.")
    detach_on_exit: Flag = Field(default=False, description="`true`: programs are removed when the agent stops.")
    log: Log = Field(default=Log(), description="The agent's own log.")


class AgentConfig(AgentSpec, Metadata):
    """A whole `kind: Agent` document: `name` and labels of its metadata, and what its spec says.

    `source` is the file it came from (empty: the command line); `warnings` are worth telling and keep nobody from running.
    """

    source: str = Field(default="", exclude=True, repr=False)
    warnings: tuple[Problem, ...] = Field(default=(), exclude=True, repr=False)
