"""Where the front begins: executed by its path in an interpreter without site packages, which finds us by it."""

import sys

if __name__ == "__main__":
    sys.path.append(__file__.rsplit("/", 3)[0])
    __package__ = "aura_stack.front"  # who is executed by his path does not know it (PEP 366)
    from .process import main

    main()
