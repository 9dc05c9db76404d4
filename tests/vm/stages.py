"""What the suite applies, stage by stage: so that the host can compile all of it before, and the guest compiles nothing.

Each stage is applied alone, on a host where nothing runs or where the stage before it has the same rows: a unit holds the
rules of all policies at its point.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from binaries_by_hand import HandBinaries
from load import BY_LOOP, CALLS, OF_ANYBODY, PACKETS, Kind

from policyd.elf import Binaries
from policyd.host import Host
from policyd.vocabulary.perf_events import perf_event_kind

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "policies"
CASES = CHECKOUT / "tests/vm/policies"
"""Each file is a stage of its own, for the tests that apply it by its name (`Shell.case`)."""
GOLDEN = CHECKOUT / "tests/golden"
"""The cases of the golden C, which have every template and every word of the language: loaded, attached nowhere."""
GUEST = Host(
    interfaces={"lo": "ethernet"},
    cgroup_root="/sys/fs/cgroup",
    has_cgroup=lambda _: True,
    binaries=Binaries("x86_64"),
    can_sample=lambda event: not perf_event_kind(event).hardware,
    indexes={"lo": 1},
)
"""What a guest has: one interface, cgroup v2 alone, the host's files, and no counters."""
WITH_NETKIT = replace(GUEST, interfaces={"lo": "ethernet", "pdk0": "ethernet"})
"""What it has while the case `packets` is applied, if it can.  Globs of other policies do not stand for that device."""
GOLDEN_HOST = Host({"lo": "ethernet", "eth0": "ethernet", "wg0": "none"}, "/sys/fs/cgroup", lambda _: True, HandBinaries())
KINDS = (
    CALLS,
    PACKETS,
    Kind("kprobe", "{kprobe: __x64_sys_getpgid}", BY_LOOP, OF_ANYBODY, "groups"),
    Kind("fentry", "{fentry: __x64_sys_getpgid}", BY_LOOP, OF_ANYBODY, "groups"),
    Kind("lsm", "{lsm: task_getpgid}", BY_LOOP, OF_ANYBODY, "groups"),
)
"""Replaced through a slot, but `PACKETS` by a link update."""
KILLED = KINDS[3]
"""Whose replacing is killed: through a slot, by a body that must be for the same function as the stub."""
PORTABLE = (FOLDER / "processes/exec-audit.yaml", CASES / "portable.yaml")
"""Loaded from objects that were compiled for another kernel, one after the other: they walk through structures."""


LIBRARY = tuple(
    CHECKOUT / "library" / name
    for name in (
        "cpu/off-cpu-stacks.yaml",
        "files/file-calls.yaml",
        "files/file-lives.yaml",
        "files/page-cache.yaml",
        "network/syn-backlog.yaml",
        "security/capability-uses.yaml",
        "security/file-integrity.yaml",
        "security/link-attacks.yaml",
    )
)
"""What of the library the development kernel has no place for: it has neither kprobes nor BPF among its LSMs."""
REFUSING = LIBRARY[-2:]
WATCHED = "/etc/pd-watched"


def refusing() -> str:
    """Return the policies of the library that can refuse, and do so; one of them only below `WATCHED`."""
    text = "---\n".join(file.read_text(encoding="utf-8") for file in REFUSING)
    watched = "watched: {type: path, values: ["
    assert watched in text
    return text.replace("mode: monitor", "mode: enforce").replace(watched, f"{watched}{WATCHED}] }} # ", 1)


def cases(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.yaml")))


def replaced(kind: Kind) -> tuple[str, str]:
    """Return the two versions of a policy that are put in each other's place."""
    return kind.versions()


CROWD, EACH = 20, 10
"""Policies that share a function and an LSM hook, and how many rules each has there: 200 rules in one program."""
CHANGED = 7
_OF_CROWD = """---
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: crowd-NUMBER}
spec:
  events: {buffer: 32Ki}
  rules:
"""
_RULES = """
    - name: called-RULE
      hook: {function: __x64_sys_getpgid}
      filters:
        - {field: process.comm, operator: Equal, value: pd-crowd}
        - {field: process.pid, operator: NotEqual, value: 4NUMBERRULE}
        - {field: process.uid, operator: Equal, value: UID}
      outputs: [{counter: {name: called_total, help: Calls}}]
    - name: asked-RULE
      hook: {lsm: task_getpgid}
      filters:
        - {field: process.comm, operator: Equal, value: pd-crowd}
        - {field: args.p.pid, operator: NotEqual, value: 4NUMBERRULE}
      outputs: [{counter: {name: asked_total, help: Questions}}]
"""


def crowds() -> tuple[str, str]:
    """Return the policies of a crowd, and the same with one that sees no calls any more."""
    rules = "".join(_RULES.replace("RULE", str(rule)) for rule in range(EACH))
    texts = [(_OF_CROWD + rules).replace("NUMBER", f"{number:02}") for number in range(CROWD)]
    whole = "".join(text.replace("UID", "0") for text in texts)
    texts[CHANGED] = texts[CHANGED].replace("UID", "1")
    return whole, "".join(text.replace("UID", "0") for text in texts)
