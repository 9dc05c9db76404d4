"""String searches as tables: many patterns, one pass over the string, no branch a byte.

`search(needles)` finds substrings (Aho and Corasick, 1975, with the failure links worked into the table); `globs(patterns)`
matches whole strings by subset construction.  Both give `Machine`s, which `codegen` puts into a map and which `Machine.run`
interprets the same way, for tests.  A NUL ends the string: every state leads to state 0, which is never left and matches
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_STATES = 4096
"""States of one machine; more patterns than that make several machines."""

MAX_NEEDLE = MAX_STATES - 2
"""Bytes of the longest text that a machine can search for."""

_TOO_MANY = f"it takes more than {MAX_STATES:,} states to match; use fewer ? and […] behind a *, or a shorter text"

STAR = -1  # a token of a glob: any bytes, also none


@dataclass(frozen=True, slots=True)
class Machine:
    """`rows[state][byte_class[b]]` is the next state; `matches[state]` the bit mask of patterns found on entering it.

    State 0 is the end, state 1 the start.  `initial` has the patterns that match before any byte is read.
    """

    byte_class: bytes
    rows: tuple[tuple[int, ...], ...]
    matches: tuple[int, ...]
    patterns: int
    initial: int = 0

    @property
    def stride(self) -> int:
        """Entries of a row, rounded up to a power of two."""
        return 1 << (max(self.byte_class).bit_length())

    @property
    def words(self) -> int:
        """64-bit words of a match mask."""
        return -(-self.patterns // 64)

    def run(self, text: bytes) -> int:
        """Return the mask of the patterns that `text` (up to its first NUL) matches."""
        state, found = 1, self.initial
        for byte in text.split(b"\0", 1)[0] + b"\0":
            state = self.rows[state][self.byte_class[byte]]
            found |= self.matches[state]
        return found


def search(needles: tuple[bytes, ...]) -> Machine:
    """Return the machine that finds each of the needles anywhere.  ValueError for an empty needle or too many states."""
    if any(not needle or b"\0" in needle for needle in needles):
        raise ValueError("a needle is empty or holds a NUL")
    byte_class = _classes([1 << byte for needle in needles for byte in needle])
    children: list[dict[int, int]] = [{}, {}]
    matches = [0, 0]
    for number, needle in enumerate(needles):
        state = 1
        for byte in needle:
            symbol = byte_class[byte]
            if symbol not in children[state]:
                children[state][symbol] = len(children)
                children.append({})
                matches.append(0)
            state = children[state][symbol]
        matches[state] |= 1 << number
    if len(children) > MAX_STATES:
        raise ValueError(_TOO_MANY)
    rows = _with_failures(children, matches, max(byte_class) + 1, byte_class[0])
    return Machine(byte_class, rows, tuple(matches), len(needles))


def _with_failures(
    children: list[dict[int, int]], matches: list[int], classes: int, end: int
) -> tuple[tuple[int, ...], ...]:
    """Complete the trie's rows breadth first: where it has no child, go where the longest proper suffix would."""
    rows: list[tuple[int, ...]] = [(0,) * classes] * len(children)
    fail = [1] * len(children)
    queue = [1]
    for state in queue:
        below = rows[fail[state]] if state != 1 else (1,) * classes
        row = list(below)
        for symbol, child in children[state].items():
            row[symbol] = child
            fail[child] = below[symbol]
            queue.append(child)
        row[end] = 0
        rows[state] = tuple(row)
        matches[state] |= matches[fail[state]] if state != 1 else 0
    return tuple(rows)


_Positions = frozenset[tuple[int, int]]  # (pattern, position); (-1, mask) marks the patterns found on entering


def globs(patterns: tuple[bytes, ...]) -> Machine:
    """Return the machine that matches whole strings: `*` any bytes, `?` one byte, `[a-z]`, `[!a]`, backslash to escape.

    ValueError for a pattern that is no glob, or more states than one machine may have (split the patterns then).
    """
    tokens = tuple(parse_glob(pattern) for pattern in patterns)
    byte_class = _classes([token for pattern in tokens for token in pattern if token != STAR])
    samples = [byte_class.index(symbol) for symbol in range(max(byte_class) + 1)]
    start = _closure(tokens, {(number, 0) for number in range(len(patterns))})
    numbers: dict[_Positions, int] = {frozenset(): 0, start: 1}
    order, rows = [frozenset(), start], [(0,) * len(samples)]
    matches = [0, 0]
    initial = sum(1 << number for number, pattern in enumerate(tokens) if set(pattern) == {STAR})
    at = 1
    while at < len(order):
        row = []
        for sample in samples:
            target, found = _step(tokens, order[at], sample)
            key = target if not found else frozenset(target | {(-1, found)})
            if key not in numbers:
                if len(order) >= MAX_STATES:
                    raise ValueError(_TOO_MANY)
                numbers[key] = len(order)
                order.append(key)
                matches.append(found)
            row.append(numbers[key])
        rows.append(tuple(row))
        at += 1
    return Machine(byte_class, tuple(rows), tuple(matches), len(patterns), initial)


def _closure(tokens: tuple[tuple[int, ...], ...], positions: set[tuple[int, int]]) -> _Positions:
    """Add the positions behind stars."""
    todo = list(positions)
    for number, at in todo:
        if number >= 0 and at < len(tokens[number]) and tokens[number][at] == STAR and (number, at + 1) not in positions:
            positions.add((number, at + 1))
            todo.append((number, at + 1))
    return frozenset(positions)


def _step(tokens: tuple[tuple[int, ...], ...], state: _Positions, byte: int) -> tuple[_Positions, int]:
    """Return the positions after `byte`, and the mask of patterns that match with the string's end."""
    if byte == 0:
        found = sum(1 << number for number, at in state if number >= 0 and at == len(tokens[number]))
        return frozenset(), found
    after: set[tuple[int, int]] = set()
    for number, at in state:
        if number < 0 or at == len(tokens[number]):
            continue
        token = tokens[number][at]
        if token == STAR:
            after.add((number, at))
        elif token >> byte & 1:
            after.add((number, at + 1))
    return _closure(tokens, after), 0


def check_glob(pattern: bytes) -> None:
    """Raise ValueError, saying what is wrong, for a pattern that is no glob, or one that no machine has the states for.

    Only wildcards of one byte behind a star can make more states than tokens, so most patterns need not be tried.
    """
    tokens = parse_glob(pattern)
    behind = tokens[tokens.index(STAR) + 1 :] if STAR in tokens else ()
    if len(tokens) > MAX_STATES - 3 or any(token.bit_count() > 1 for token in behind if token != STAR):
        globs((pattern,))


def parse_glob(pattern: bytes) -> tuple[int, ...]:
    """Return a glob's tokens: a 256-bit mask of the bytes that may stand there, or STAR.  ValueError if it is no glob."""
    tokens: list[int] = []
    any_byte = (1 << 256) - 2
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"*":
            if not tokens or tokens[-1] != STAR:
                tokens.append(STAR)
        elif char == b"?":
            tokens.append(any_byte)
        elif char == b"[":
            mask, at = _bracket(pattern, at)
            tokens.append(mask)
        elif char == b"\\":
            at += 1
            if at == len(pattern):
                raise ValueError("a glob ends with a backslash that escapes nothing")
            tokens.append(1 << pattern[at])
        else:
            tokens.append(1 << pattern[at])
        at += 1
    return tuple(tokens)


def _bracket(pattern: bytes, start: int) -> tuple[int, int]:
    """Return the mask of `[…]` that begins at `start`, and the index of its closing bracket."""
    end = pattern.find(b"]", start + 2 + (pattern[start + 1 : start + 2] in {b"!", b"^"}))
    if end < 0:
        raise ValueError("a glob has a [ without its ]")
    body = pattern[start + 1 : end]
    negated = body[:1] in {b"!", b"^"}
    body = body[1:] if negated else body
    mask, at = 0, 0
    while at < len(body):
        last = at + 2 if body[at + 1 : at + 2] == b"-" and at + 2 < len(body) else at
        if body[last] < body[at]:
            raise ValueError("a glob has a range that runs backwards")
        for byte in range(body[at], body[last] + 1):
            mask |= 1 << byte
        at = last + 1
    return (((1 << 256) - 2) & ~mask if negated else mask), end


def _classes(masks: list[int]) -> bytes:
    """Return the class of each byte: bytes that no mask tells apart share one; NUL has its own."""
    distinct = sorted(set(masks) | {1})
    signatures: dict[tuple[int, ...], int] = {}
    out = bytearray(256)
    for byte in range(256):
        signature = tuple(index for index, mask in enumerate(distinct) if mask >> byte & 1)
        out[byte] = signatures.setdefault(signature, len(signatures))
    return bytes(out)
