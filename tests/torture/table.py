"""Run the hard cases against supervisors that are installed here, and print a table: measured, not remembered.

python tests/torture/table.py --tool honcho --tool aura-stack
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from torture.cases import CASES  # noqa: E402 - the folder above has to be on the path first
from torture.tools import TOOLS, Trial  # noqa: E402


def verdict(tool, case):
    """What is to be said of a tool and a case."""
    if case.orders and not tool.restarts:
        return "-"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = Trial(tool, Path(folder), case.services, grace=case.grace, reads=case.reads)
        try:
            return f"**{seen}**" if (seen := case.check(trial)) else "holds"
        except AssertionError:
            return "**did not start**"
        finally:
            trial.close()


def main():
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tool", action="append", choices=TOOLS, help="all that are installed, if none is named"
    )
    parser.add_argument("--case", default="", help="part of a sentence: only these")
    chosen = parser.parse_args()
    tools = [TOOLS[name] for name in chosen.tool or TOOLS]
    if missing := [tool.name for tool in tools if not tool.installed()]:
        if chosen.tool:
            parser.error(f"not installed: {', '.join(missing)}")
        tools = [tool for tool in tools if tool.installed()]
    print("| case |", " | ".join(tool.name for tool in tools), "|")
    print("|---" * (len(tools) + 1) + "|")
    for case in CASES:
        if chosen.case in case.sentence:
            print("|", " | ".join([case.sentence, *(verdict(tool, case) for tool in tools)]), "|", flush=True)


if __name__ == "__main__":
    main()
