"""`policyd completion SHELL`: the script that a shell sources to complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      policyd completion bash | sudo tee /usr/share/bash-completion/completions/policyd
      policyd completion zsh > ~/.zfunc/_policyd
      policyd completion fish > ~/.config/fish/completions/policyd.fish
      source <(policyd completion bash)          # this shell only
    """
    from policyd.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "policyd", "_POLICYD_COMPLETE").source())
