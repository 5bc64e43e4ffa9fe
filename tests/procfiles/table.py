"""Prints a table of all projects from real runs: `python tests/procfiles/table.py`."""

import tempfile

from side_by_side import PROJECTS, TOOLS, Side


def row(project, place):
    """One line of the table; which says so where the two differ."""
    sides = [Side(tool, project, place) for tool in TOOLS]
    try:
        honcho, aura = (side.run() for side in sides)
    finally:
        for side in sides:
            side.close()
    count = sum(len(lines) for lines in aura.lines.values())
    lines = f"{count}, the same" if honcho.lines == aura.lines else "**different**"
    ports = ", ".join(str(number) for number in aura.ports.values())
    same = "" if honcho.ports == aura.ports else " **different**"
    cells = (
        f"`{project.name}/{project.procfile}`",
        ", ".join(project.processes),
        lines,
        ports + same,
        str(honcho.code),
        str(aura.code),
    )
    return f"| {' | '.join(cells)} |"


def main():
    """Every project in its turn."""
    print("| project | processes | lines | PORT | honcho exits with | aura-stack with |")
    print("|---|---|---|---|---|---|")
    for project in PROJECTS:
        with tempfile.TemporaryDirectory() as place:
            print(row(project, place), flush=True)


if __name__ == "__main__":
    main()
