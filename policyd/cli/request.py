"""The options that `apply`, `plan` and `diff` share, and the engine's request that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from policyd.cli.context import require_running_kernel
from policyd.cli.loading import Loaded, load_or_fail
from policyd.cli.outcomes import show_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.cli.context import Settings
    from policyd.engine import Request

Function = TypeVar("Function", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "-f",
        "--filename",
        "paths",
        multiple=True,
        metavar="PATH",
        type=click.Path(),
        help="File, folder (all *.yaml and *.yml below it) or - for standard input; may be given again.",
    ),
    click.option("--set", "owner", default="", metavar="NAME", help="The set that owns these policies."),
    click.option("--prune", is_flag=True, help="Remove the policies of the same set that are in no file."),
    click.option("--allow-empty", is_flag=True, help="Let --prune remove every policy of the set."),
    click.option("--adopt", is_flag=True, help="Take policies over that another set owns."),
    click.option("--reset-params", is_flag=True, help="Drop the params that were set by hand."),
)


def request_options(function: Function) -> Function:
    """Add the options; the command gets `paths`, `owner`, `prune`, `allow_empty`, `adopt` and `reset_params`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def make_request(settings: Settings, what: str, options: dict[str, Any]) -> tuple[Request, Loaded]:
    """Read the files for the command `what`, and return the request with what they hold; errors in them are raised."""
    from policyd.engine import Given, Request

    require_running_kernel(settings, what)
    loaded = load_or_fail(settings, options["paths"])
    show_warnings(settings, loaded)
    request = Request(
        given=tuple(Given(policy, loaded.warnings_of(policy.name)) for policy in loaded.policies),
        set=options["owner"],
        prune=options["prune"],
        allow_empty=options["allow_empty"],
        adopt=options["adopt"],
        reset_params=options["reset_params"],
    )
    return request, loaded
