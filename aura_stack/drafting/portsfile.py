"""Writes the port manifest: a new one, or one that is there with the entries that it lacks."""

import json
from collections.abc import Iterator, Mapping

from aura_stack.ports.rules import rules_of

from .numbers import Entry


def text(present: Mapping[str, object], added: Mapping[str, Entry]) -> str:
    """The whole file, an entry a line.

    Args:
        present: what stands in it already; nothing of that is changed.
        added: what comes to it.
    """
    content = dict(present) or {"version": 1}
    for key, external in (("ports", False), ("external", True)):
        entries = {name: _entry(entry) for name, entry in added.items() if entry.external is external}
        if entries:
            old = content.get(key)
            content[key] = (old if isinstance(old, dict) else {}) | entries
    lines = ",\n".join(f"  {_json(key)}: {_value(value)}" for key, value in content.items())
    return f"{{\n{lines}\n}}\n"


def _entry(entry: Entry) -> dict[str, object]:
    rules = () if entry.external else rules_of(entry.number)
    waived = {"waive": dict.fromkeys(rules, "the project uses this number")} if rules else {}
    return {"port": entry.number, **waived}


def _value(value: object) -> str:
    if not isinstance(value, dict) or not value:
        return _json(value)
    return "{\n" + ",\n".join(_lines(value)) + "\n  }"


def _lines(table: Mapping[str, object]) -> Iterator[str]:
    for name, value in table.items():
        yield f"    {_json(name)}: {_json(value)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
