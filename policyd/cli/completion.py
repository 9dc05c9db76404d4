"""`policyd completion SHELL`: the script that a shell sources to complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, options, files, and names: of policies, hooks, params, tables, lists, topics of explain, and what
    else there is. Names of what runs are root's to read; without root they are left out. zsh looks for `_policyd` in the
    folders of its `fpath`, and wants `autoload -Uz compinit; compinit` in `.zshrc`.

    \b
    Examples:
      policyd completion bash | sudo tee /usr/share/bash-completion/completions/policyd
      policyd completion zsh | sudo tee /usr/local/share/zsh/site-functions/_policyd
      policyd completion fish > ~/.config/fish/completions/policyd.fish
      source <(policyd completion bash)          # this shell only
    """
    from policyd.cli import cli
    from policyd.cli.shells import register

    register()
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "policyd", "_POLICYD_COMPLETE").source())
