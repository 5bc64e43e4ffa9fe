"""How long `ports inventory` takes for a project of 10,000 source files, and how much memory.

The files are written here: modules of TypeScript, JavaScript and Python of the length and kind that projects have, with
their imports, functions, numbers and addresses of elsewhere. One in ten speaks of ports: listens, asks, or sets
one. Beside it, for what others have written, the standard library of the Python that runs this, as it stands.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

TYPESCRIPT = """\
import {{ readFile }} from 'node:fs/promises';
import type {{ Item{n}, Report }} from './types{m}.js';
import {{ limit, transport }} from '../shared/limits.js';

export const PAGE_SIZE = {size};
const REPORT_URL = 'https://reports.example.com/v1/{n}';

export interface Options{n} {{
  readonly timeout: number;
  readonly retries?: number;
  readonly width: 1280 | 1920;
}}

/** Loads what item {n} needs, since 2024. */
export async function load{n}(id: string, options: Options{n} = {{ timeout: 3000, width: 1280 }}): Promise<Item{n}> {{
  const found = JSON.parse(await readFile(`./data/${{id}}.json`, 'utf8')) as Item{n};
  if (found.rows.length > {size}) throw new RangeError(`more than {size} rows in ${{id}}`);
  return {{ ...found, loaded: Date.now(), support: transport(found.rows.slice(0, limit)) }};
}}
{functions}
export default class Store{n} {{
  private readonly rows = new Map<string, Item{n}>();
  constructor(private readonly report: Report, readonly maximum = 10000) {{}}

  async get(id: string): Promise<Item{n} | undefined> {{
    const known = this.rows.get(id);
    if (known || this.rows.size >= this.maximum) return known;
    const found = await load{n}(id, {{ timeout: 5000, retries: 3, width: 1920 }});
    this.rows.set(id, found);
    this.report.send(REPORT_URL, {{ id, status: 200, bytes: 4096 }});
    return found;
  }}
}}
"""
FUNCTION = """
export function step{n}_{k}(values: readonly number[], factor = {size}): number {{
  let total = 0;
  for (const [index, value] of values.entries()) {{
    total += index % 2 === 0 ? value * factor : Math.max(value, 1024) / (index + 1);
  }}
  return total > 65535 ? 65535 : Math.round(total * 1000) / 1000;
}}
"""
PYTHON = '''\
"""Module {n} of the reports, as of 2024."""

import json
from dataclasses import dataclass, field
from pathlib import Path

PAGE_SIZE = {size}
SUPPORTED = ("csv", "json", "report")
EXPORT_URL = "https://exports.example.com/{n}"


@dataclass
class Report{n}:
    name: str
    rows: list[int] = field(default_factory=list)
    limit: int = 10000

    def add(self, value: int) -> None:
        if len(self.rows) >= self.limit:
            raise ValueError(f"more than {{self.limit}} rows in {{self.name}}")
        self.rows.append(value * {size})

    def save(self, folder: Path, timeout: float = 3000) -> Path:
        path = folder / f"{{self.name}}-{n}.json"
        path.write_text(json.dumps({{"rows": self.rows, "status": 200, "timeout": timeout}}))
        return path
{functions}
'''
PYTHON_FUNCTION = """

def step_{k}(values: list[int], factor: int = {size}) -> float:
    total = 0.0
    for index, value in enumerate(values):
        total += value * factor if index % 2 == 0 else max(value, 1024) / (index + 1)
    return min(total, 65535.0)
"""
PORTS = {
    "ts": (
        "\nconst server = createServer(handle);\nserver.listen({port}, '127.0.0.1');\n",
        "\nconst API_URL = process.env.API_URL ?? 'http://localhost:{port}/v1';\n",
        "\nexport const settings = {{ server: {{ port: {port}, host: 'localhost' }} }};\n",
    ),
    "py": (
        "\n\nHTTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n",
        "\n\nAPI_URL = os.environ.get('API_URL', 'http://localhost:{port}/v1')\n",
        "\n\nSETTINGS = {{'HOST': 'localhost', 'PORT': {port}}}\n",
    ),
}


def write(folder: Path, count: int) -> int:
    """Write the project; the answer is its size in bytes."""
    total = 0
    for number in range(count):
        kind = "py" if number % 3 == 2 else "ts"
        whole, part = (PYTHON, PYTHON_FUNCTION) if kind == "py" else (TYPESCRIPT, FUNCTION)
        size = 1000 + number % 7000
        functions = "".join(part.format(n=number, k=k, size=size) for k in range(3 + number % 12))
        text = whole.format(n=number, m=number // 10, size=size, functions=functions)
        if number % 10 == 0:
            text += PORTS[kind][number // 10 % 3].format(port=4000 + number % 100)
        path = folder / f"service{number // 500}" / f"part{number // 25 % 20}" / f"module{number}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        total += len(text)
    return total


def project(folder: Path) -> None:
    """A definition around it."""
    (folder / "ports.json").write_text(json.dumps({"ports": {"api": {"port": 4010}}}))
    (folder / "stack.yaml").write_text(
        "ports: ports.json\nservices: {api: {command: [node, server.js], port: api}}\n"
    )
    (folder / ".gitignore").write_text("node_modules/\n*.log\n/dist\n*.local\n.cache/\ncoverage/\n")


def measure(folder: Path, rounds: int) -> None:
    """Take the inventory, and print the best and the median time, and the most memory."""
    command = [str(Path(sys.executable).with_name("aura-stack")), "ports", "inventory", "--json"]
    seconds, processor, found = [], [], {}
    for _ in range(rounds):
        began, used = time.monotonic(), used_by_children()
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        seconds.append(time.monotonic() - began)
        processor.append(used_by_children() - used)
        found = json.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    seconds.sort()
    print(
        f"  {found['files']} files, {len(found['places'])} places: best {seconds[0]:.2f} s, "
        f"median {seconds[rounds // 2]:.2f} s, of the processor {min(processor):.2f} s, at most {peak:.0f} MB"
    )


def used_by_children() -> float:
    """Seconds of the processor that all children together have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Both projects."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        size = write(made, chosen.files)
        project(made)
        print(f"written here ({size / 1e6:.0f} MB, {os.cpu_count()} processors)")
        measure(made, chosen.rounds)
        theirs = Path(scratch) / "theirs"
        ignored = shutil.ignore_patterns("__pycache__", "site-packages", "lib-dynload")
        shutil.copytree(sysconfig.get_paths()["stdlib"], theirs / "lib", ignore=ignored)
        project(theirs)
        print("the standard library")
        measure(theirs, chosen.rounds)


if __name__ == "__main__":
    main()
