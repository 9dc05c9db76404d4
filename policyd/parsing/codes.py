"""Every code of a problem that reading policies can report, with what it is about in a line.

Codes are a promise to scripts: they never change their meaning.  `Reader` refuses a code that is not here, and a test wants
a bad policy for each.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # files
    "unreadable-file": "A file or folder cannot be opened.",
    "no-files": "A folder holds no YAML files (a warning).",
    "empty-file": "Nothing was found in the files that were named.",
    "file-too-large": "A file is over the limit.",
    # YAML
    "not-text": "The bytes are no UTF-8, or hold a NUL.",
    "not-yaml": "The text is no YAML.",
    "too-deep": "Nested deeper than any policy.",
    "too-many-nodes": "More nodes or text than any policy, aliases expanded.",
    "duplicate-key": "A key stands twice in one mapping.",
    "unknown-tag": "A YAML tag, such as !!python/object.",
    "unknown-alias": "An alias without an anchor before it; often a text that starts with `*` and wants quotes.",
    "key-not-text": "A key is a list or a mapping.",
    "merge-key": "A merge key (`<<`).",
    "nul-character": "A NUL character in a string.",
    # shape
    "wrong-type": "A mapping, a list or a text where another one is wanted.",
    "missing-key": "A key that must be there is not.",
    "unknown-key": "A key that the language does not have.",
    "unknown-kind": "`kind` names no kind of document.",
    "unknown-api-version": "`apiVersion` is not one that this policyd reads.",
    "unknown-hook": "A hook kind that does not exist.",
    "unknown-operator": "An operator that does not exist.",
    "unknown-output": "An output that does not exist.",
    "unknown-value": "A word where one of a few others is wanted.",
    "conflicting-keys": "Keys that exclude each other.",
    "not-yet": "The language has a word for it, this policyd does not.",
    # words
    "bad-name": "No DNS-1123 label.",
    "bad-param-name": "No identifier.",
    "bad-metric-name": "No name that Prometheus takes.",
    "bad-column-name": "No name for a column.",
    "bad-field-path": "No path of a field.",
    "bad-expression": "A text that is no expression.",
    "bad-type-name": "No word that could be a type.",
    "bad-target": "No name or glob of a system call, event, interface or cgroup.",
    "bad-label": "No label as Kubernetes has them.",
    "bad-word": "No name or number.",
    "bad-size": "No size such as `256Ki`, or one that cannot be had.",
    "bad-count": "No number, or one out of range.",
    "bad-buckets": "No form of histogram buckets.",
    "not-a-flag": "Neither `true` nor `false`.",
    "text-too-long": "A text over the limit.",
    "control-character": "A control or an invisible character in a text that people read.",
    # sense
    "duplicate-policy": "Two policies have one name.",
    "duplicate-rule": "Two rules of a policy have one name.",
    "duplicate-column": "Two columns have one name.",
    "reserved-label": "A column of a metric has a name that its series use already.",
    "operand-count": "Too many or too few values for an operator.",
    "unknown-param": "A filter names a param that the policy has not.",
    "param-form": "A list param where a single value is wanted, or the reverse.",
    "param-not-allowed": "The operator takes no param.",
    "param-empty": "A param without a value that is not optional.",
    "unused-param": "No filter uses a param (a warning).",
    "outputs-disagree": "Outputs that share a name differ.",
    "no-rules": "A policy without rules.",
    "nothing-to-do": "A rule without outputs and without an action.",
    "no-action": "A rule that is to act where it is undecided, without an action.",
    "empty-action": "An action that says nothing.",
    "nothing-acts": "Actions in a policy whose mode is monitor (a warning).",
}
