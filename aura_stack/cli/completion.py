"""`completion`: the script that makes a shell complete our command lines."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from .main import PROGRAM, cli
from .quick import COMPLETE


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the script that completes commands, options and names of services in SHELL.

    Names of services are those of the running stack, else those of the stack file.

    \b
    Examples:
      aura-stack completion bash > ~/.local/share/bash-completion/completions/aura-stack
      aura-stack completion zsh > ~/.zfunc/_aura-stack
      aura-stack completion fish > ~/.config/fish/completions/aura-stack.fish

    For zsh, ~/.zshrc needs `fpath+=~/.zfunc` before its `compinit`.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    # not the source() of bash, which runs a bash to look at its version
    click.echo(ShellComplete.source(kind(cli, {}, PROGRAM, COMPLETE)))
