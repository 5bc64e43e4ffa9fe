"""Completion of command lines: the scripts that ask from within a shell, and what they are answered.

A script runs the command that is being completed, with the shell's name in a variable and the words up to the cursor as
arguments; the last of them is what is completed. The answer is a line for each offer: `plain`, `file` or `dir`, the
word, what it is, with tabs between. Files and folders the shell finds itself. Where something goes wrong nothing is
said: nobody asked for a sentence. click has scripts of its own; these also know `--file=x`, a command that is typed as
a path, a `~`, a comma in a description, and the old bash of macOS.
"""

import os
from collections.abc import Iterable, Iterator, Sequence

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from .quick import COMPLETE

_BASH = r"""
_aura_stack() {
    local current=${COMP_WORDS[COMP_CWORD]} program=$1 before='' kind word rest
    COMPREPLY=()
    case $program in '~/'*) program=$HOME/${program#??} ;; esac
    case $current in --*=*) before=${current%%=*}= ;; esac
    while IFS=$'\t' read -r kind word rest; do
        case $kind in
            plain) COMPREPLY+=("$before$word") ;;
            file) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "${current#=}")) ;;
            dir) compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "${current#=}")) ;;
        esac
    done <<< "$(env VARIABLE=bash "$program" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
}
complete -o nosort -F _aura_stack PROGRAM 2>/dev/null || complete -F _aura_stack PROGRAM
"""

_ZSH = r"""#compdef PROGRAM
_aura_stack() {
    local program=${(Q)words[1]} line
    local -a before described plain item
    local ret=1
    program=${program/#\~\//$HOME/}
    before=("${(@Q)words[2,CURRENT-1]}")
    (( CURRENT > 2 )) || before=()
    for line in "${(@f)$(env VARIABLE=zsh "$program" "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        item=("${(@ps:\t:)line}")
        case $item[1] in
            (plain)
                if [[ -n $item[3] ]]; then described+=("${item[2]//:/\\:}:$item[3]"); else plain+=("$item[2]"); fi ;;
            (file) [[ $PREFIX == --*=* ]] && compset -P 1 '*='; _files && ret=0 ;;
            (dir) [[ $PREFIX == --*=* ]] && compset -P 1 '*='; _files -/ && ret=0 ;;
        esac
    done
    if (( $#described + $#plain )); then
        [[ $PREFIX == --*=* ]] && compset -P 1 '*='
        (( $#described )) && _describe -V PROGRAM described && ret=0
        (( $#plain )) && compadd -V PROGRAM -a plain && ret=0
    fi
    return ret
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _aura_stack "$@"
else
    compdef _aura_stack PROGRAM
fi
"""

_FISH = r"""
function __aura_stack
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l before (string match -r -- '^--[^=]+=' "$current"; or echo)
    for line in (env VARIABLE=fish $program $words "$current" 2>/dev/null)
        set -l item (string split -m 2 \t -- $line)
        switch $item[1]
            case plain
                printf '%s%s\t%s\n' "$before" $item[2] "$item[3]"
            case file
                printf "$before%s\n" (__fish_complete_path (string replace -- "$before" '' "$current"))
            case dir
                printf "$before%s\n" (__fish_complete_directories (string replace -- "$before" '' "$current"))
        end
    end
end
complete --command PROGRAM --no-files --arguments '(__aura_stack)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    r"""Print the script that completes commands, options and names of services in SHELL.

    Names of services are those of the running stack, else those of the stack file.

    \b
    Examples:
      aura-stack completion bash > ~/.local/share/bash-completion/completions/aura-stack
      aura-stack completion zsh > ~/.zfunc/_aura-stack
      aura-stack completion fish > ~/.config/fish/completions/aura-stack.fish

    The folders must be there, bash needs its package bash-completion, and zsh needs `fpath+=~/.zfunc` in ~/.zshrc
    before `compinit`. Without any of that, `source <(aura-stack completion bash)` in ~/.bashrc or, after `compinit`,
    `source <(aura-stack completion zsh)` in ~/.zshrc do the same and cost a start of the command each time.
    """
    program = context.find_root().info_name or ""
    click.echo(SCRIPTS[shell].strip().replace("VARIABLE", COMPLETE).replace("PROGRAM", program))


def answer(command: click.Command, shell: str, words: Sequence[str]) -> None:
    """Print what could stand in place of the last word.

    Args:
        command: the one that the words before are given to.
        shell: whose words these are; those of bash come as they were typed, in pieces.
        words: from the first argument on, the last one is being completed.
    """
    *before, begun = (_together(words) if shell == "bash" else words) or [""]
    asked = ShellComplete(command, {}, "", "")
    for offer in asked.get_completions([os.path.expanduser(word) for word in before], begun):
        click.echo(_line(offer))


def _line(offer: "CompletionItem") -> str:
    described = " ".join((offer.help or "").split())
    return f"{offer.type}\t{offer.value}\t{described}"


def _together(pieces: Iterable[str]) -> list[str]:
    """The words out of what readline makes of a line: quotes kept, and `--file=x` taken apart at its sign."""
    words: list[str] = []
    for word in _unquoted(pieces):
        option = bool(words) and words[-1].startswith("--")
        if option and (word == "=" or words[-1].endswith("=")):
            words[-1] += word
        else:
            words.append(word)
    return words


def _unquoted(words: Iterable[str]) -> Iterator[str]:
    """The last word may have a quote that is still open."""
    for word in words:
        yield "".join(split_arg_string(word))
