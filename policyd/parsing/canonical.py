"""A document's nodes as JSON text: what a policy's record in the kernel keeps of its file.

Scalars are strings (null stays null), aliases are written out, comments are gone, keys keep their order (columns have one).
JSON of this kind is YAML too, so `parsing` reads it back into an equal policy.
"""

from __future__ import annotations

import json
import re
from typing import Any

from policyd.document import Mapping, Node, Scalar

_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that JSON leaves as they are and YAML refuses, or takes for line breaks."""


def canonical(root: Node) -> str:
    """Return the JSON text of a document."""
    text = json.dumps(_plain(root), ensure_ascii=False, separators=(", ", ": "))
    return _NOT_YAML.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return None if node.is_null else node.text
    if isinstance(node, Mapping):
        return {key.text: _plain(value) for key, value in node.items}
    return [_plain(item) for item in node.items]
