"""A container as events show it, and the checks that every word about one passes: much of it was chosen by its user."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
_CHECKS = {
    "name": _NAME,
    "image": re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,511}"),
    "pod": _NAME,
    "namespace": re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
    "pod_uid": re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
"""What each word looks like; anything else is left out."""


@dataclass(frozen=True, slots=True)
class Container:
    """What is known of a container; what is not is empty.  `name` is the container's own, in a pod or of the runtime."""

    id: str = ""
    runtime: str = ""
    name: str = ""
    image: str = ""
    pod: str = ""
    namespace: str = ""
    pod_uid: str = ""
    rootless: bool = False

    @classmethod
    def of(cls, container: str, runtime: str, words: Mapping[str, str]) -> Container:
        """Return a container with those of the words that look as they must."""
        known = {key: words.get(key, "") for key in _CHECKS}
        name, image, pod, namespace, uid = (word * bool(_CHECKS[key].fullmatch(word)) for key, word in known.items())
        return cls(container, runtime, name, image, pod, namespace, uid)

    def shown(self) -> dict[str, str | bool]:
        """Return what is known, for JSON."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}
