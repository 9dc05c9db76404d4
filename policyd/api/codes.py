"""Errors over HTTP: which exception leaves with which status and code, and which one a client raises for a code.

An error is answered as `{"error": message, "code": word}`; the words are stable.
"""

from __future__ import annotations

from typing import NamedTuple

from policyd.errors import LockError, NotFoundError, OwnershipError, PolicydError, PrivilegeError, UsageError


class ErrorRow(NamedTuple):
    """One kind of error: the exception inside, the word outside, the HTTP status."""

    error: type[PolicydError]
    code: str
    status: int


class BusyError(PolicydError):
    """The agent has no room for one more: as many as it allows are there already."""


class TooLargeError(PolicydError):
    """A request is larger than the agent takes."""


class MethodError(PolicydError):
    """The path is there, the method is not; `allowed` are those that are."""

    def __init__(self, message: str, allowed: tuple[str, ...] = ()) -> None:
        self.allowed = allowed
        super().__init__(message)


class RequestError(PolicydError):
    """A request that makes no sense: an unknown parameter, a value that is none."""

    exit_code = 64


ERRORS: tuple[ErrorRow, ...] = (
    ErrorRow(NotFoundError, "not-found", 404),
    ErrorRow(RequestError, "bad-request", 400),
    ErrorRow(MethodError, "method-not-allowed", 405),
    ErrorRow(PrivilegeError, "forbidden", 403),
    ErrorRow(TooLargeError, "too-large", 413),
    ErrorRow(BusyError, "busy", 503),
    ErrorRow(UsageError, "conflict", 409),
    ErrorRow(LockError, "locked", 409),
    ErrorRow(OwnershipError, "not-owner", 409),
    ErrorRow(PolicydError, "failed", 500),
)
"""The first row whose exception fits; any other exception is a bug: `internal`, 500, and no word of what it was."""

INTERNAL = "internal"


def row_of(error: PolicydError) -> ErrorRow:
    """Return how an error leaves."""
    return next(row for row in ERRORS if isinstance(error, row.error))


def error_for(code: str, message: str) -> PolicydError:
    """Return the exception that a client raises for an answer's code."""
    kind = next((row.error for row in ERRORS if row.code == code), PolicydError)
    return kind(message)
