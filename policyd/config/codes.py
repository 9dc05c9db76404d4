"""Every code of a problem that reading the agent's configuration can report, beside those of YAML and of shape.

As in `policyd.parsing.codes`: they never change their meaning, and a test wants a bad document for each.
"""

from __future__ import annotations

from policyd.parsing.codes import CODES

CONFIG_CODES: dict[str, str] = {
    # words
    "bad-address": "No address that can be listened at or sent to.",
    "bad-duration": "No duration with a unit, or one out of range.",
    "bad-path": "No absolute path (of a secret: no path at all), or one that cannot be had.",
    "bad-pattern": "A glob that can fit nothing.",
    "bad-ref": "No name of a branch or tag, or no commit in full.",
    "bad-url": "No URL of a kind that can be used there, or one that holds a password.",
    # sense
    "many-documents": "More than one document in the file.",
    "duplicate-name": "Two sources, two sinks or two addresses are the same.",
    "duplicate-path": "Two parts of the agent would write to one place.",
    "unknown-source": "`dependsOn` names no source.",
    "dependency-cycle": "Sources wait for each other.",
    "remote-listen": "Other hosts could reach the API, and nobody has said that they may.",
    "readable-secret": "A file with a secret can be read by every user of the host (a warning).",
    "missing-secret": "A file with a secret cannot be read now (a warning).",
    "plain-secret": "A secret would go over the network in clear text (a warning).",
}

ALL_CODES = frozenset(CODES) | frozenset(CONFIG_CODES)
