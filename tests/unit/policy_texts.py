"""Policies as text that several tests read: one with a bit of everything, and small ones around one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.parsing import parse_policies

if TYPE_CHECKING:
    from policyd.policy import Policy

WHOLE = """\
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata:
  name: etc-writes
  labels: {team: platform, example.com/tier: "1"}
  annotations: {docs: "https://example.com/é"}
spec:
  description: |
    Who opens files under /etc for writing
  severity: medium
  mode: enforce
  suspend: True
  events: {buffer: 1Mi}
  event: {fields: [time, cpu]}
  params:
    package_managers: {type: path, values: [/usr/bin/dpkg, /usr/bin/apt]}
    slowest: {type: duration, value: 10ms}
    only_pid: {type: pid, optional: true}
    some: {type: uid, optional: true}
  rules:
    - name: open-for-write
      hook: {syscall: openat}
      optional: true
      filters:
        - {field: args.filename, operator: Under, values: [/etc]}
        - not: {field: process.exe, operator: In, valuesFrom: {param: package_managers}}
        - anyOf:
            - {field: process.uid, operator: NotEqual, value: 0}
            - allOf:
                - {field: process.pid, operator: Equal, valuesFrom: {param: only_pid}}
                - {field: process.uid, operator: NotIn, valuesFrom: {param: some}}
        - {field: ret, operator: Greater, valuesFrom: {param: slowest}}
      outputs:
        - event: {fields: [process, args.filename, "args[0].pid"]}
        - counter: {name: etc_writes_total, help: Opens, by: [process.comm], maxEntries: 5, evict: true}
        - counter: {name: etc_writes_total, by: {process_comm: process.comm}}
        - sum: {name: bytes, value: ret, signed: true}
      action: {signal: SIGKILL, deny: EPERM}
"""


def parse(text: str) -> Policy:
    loaded = parse_policies(text.encode(), "f.yaml")
    assert loaded.errors == (), "\n".join(map(str, loaded.errors))
    (policy,) = loaded.policies
    return policy


def with_rule(**parts: str) -> str:
    keys = {"name": "one", "hook": "{syscall: openat}", "outputs": "[{event: {fields: [process]}}]", **parts}
    rule = "".join(f"      {key}: {value}\n" for key, value in keys.items() if value)
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: example}\nspec:\n  rules:\n"
    return head + "    -" + rule[5:]
