"""Where the installed command and `python -m aura_stack` begin."""

from aura_stack.cli.main import main

if __name__ == "__main__":
    main()
