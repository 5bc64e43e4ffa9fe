"""Decides all changes of a project: for every file its new content, proved, and what is left with the reason."""

import os
from collections.abc import Collection, Iterable, Mapping

from aura_stack.frozen import NamedTuple
from aura_stack.inventory.findings import Finding, Form
from aura_stack.inventory.judging import Judged, Verdict
from aura_stack.inventory.survey import Survey, again
from aura_stack.inventory.walk import Read as Content
from aura_stack.inventory.walk import read

from .edits import Edit, apply
from .proof import broken
from .rewriting import rewrite
from .wanted import Left, Surroundings, counted, gives_up, shared, wanted


class Change(NamedTuple):
    """A file that is to be replaced: its path from the project's folder, and both contents."""

    path: str
    old: bytes
    new: bytes


class Untouched(NamedTuple):
    """A place that is left as it is, and why."""

    judged: Judged
    reason: str


class Plan(NamedTuple):
    """What is to be done."""

    changes: tuple[Change, ...]
    left: tuple[Untouched, ...]


def plan(survey: Survey, only: str = "") -> Plan:
    """All changes that bring the files of a project to its manifest.

    Args:
        survey: what is known of it.
        only: the service whose files, and whose number in others, are meant; "" for all.
    """
    by_file: dict[str, list[Judged]] = {}
    for judged in survey.judged:
        if not only or only in _services(judged, survey):
            by_file.setdefault(judged.finding.place.file, []).append(judged)
    counts, several = counted(survey.judged), shared(survey.judged)
    around = Surroundings(survey.ground, survey.found.browser, counts, several)
    made, done = _files(survey, by_file, around)
    held = _held(survey.judged, several, done)
    if held:
        around = around._replace(held=held)
        made, _ = _files(survey, by_file, around)
    return made


def _files(
    survey: Survey, by_file: Mapping[str, list[Judged]], around: Surroundings
) -> tuple[Plan, list[Judged]]:
    """The changes of all files, and the places that they change."""
    changes: list[Change] = []
    left: list[Untouched] = []
    done: list[Judged] = []
    for path, places in by_file.items():
        change, untouched, changed = _file(survey, path, places, around)
        left += untouched
        if change is not None:
            changes.append(change)
            done += changed
    return Plan(tuple(changes), tuple(left)), done


def _held(
    every: Iterable[Judged], several: Mapping[int, frozenset[str]], done: Collection[Judged]
) -> dict[int, frozenset[str]]:
    """Numbers that several servers are to give up, and for which somebody asks, with the files that do not now."""
    asked = {one.finding.number for one in every if one.verdict is Verdict.UNDECLARED}
    found: dict[int, frozenset[str]] = {}
    for one in every:
        number = one.finding.number
        if gives_up(one) and number in several and number in asked and one not in done:
            found[number] = found.get(number, frozenset()) | {one.finding.place.file}
    return found


def _services(judged: Judged, survey: Survey) -> tuple[str, ...]:
    entry = survey.ground.declared.get(judged.entry)
    return (judged.service, *(entry.services if entry else ()))


def _file(
    survey: Survey, path: str, places: list[Judged], around: Surroundings
) -> tuple[Change | None, list[Untouched], list[Judged]]:
    """The change of one file, if there is one that can be proved, what is left, and the places that it changes."""
    wishes = [(judged, wanted(judged, around)) for judged in places]
    left = [Untouched(judged, wish.reason) for judged, wish in wishes if isinstance(wish, Left)]
    meant = [(judged, wish) for judged, wish in wishes if wish is not None and not isinstance(wish, Left)]
    if not meant:
        return None, left, []
    content = read(os.path.join(survey.directory, path), path, places[0].finding.language)
    if not isinstance(content, Content):
        return None, [*left, *(Untouched(judged, "cannot be read any more") for judged, _ in meant)], []
    if not all(_stands(judged.finding, content.data) for judged, _ in meant):
        return None, [*left, *(Untouched(judged, "was changed meanwhile") for judged, _ in meant)], []
    edits: list[Edit] = []
    done: list[Judged] = []
    for judged, wish in meant:
        made = rewrite(judged.finding, wish, content.data)
        if isinstance(made, Left):
            left.append(Untouched(judged, made.reason))
        else:
            edits += made
            done.append(judged)
    new = apply(content.data, edits)
    reason = broken(content.language, path, content.data, new) if new != content.data else ""
    if not reason and not _is_settled(again(survey, path, new, content.language), around, new):
        reason = "would not be settled by one change"
    if reason:
        return None, [*left, *(Untouched(judged, reason) for judged in done)], []
    return (Change(path, content.data, new) if new != content.data else None), left, done


def _stands(finding: Finding, data: bytes) -> bool:
    """Whether a number still stands where it was found."""
    digits = data[finding.start : finding.end].replace(b"_", b"")
    return digits == (b"" if finding.form is Form.ABSENT else b"%d" % finding.number)


def _is_settled(places: Iterable[Judged], around: Surroundings, data: bytes) -> bool:
    """Whether nothing more would be changed in a file with this content."""
    for judged in places:
        wish = wanted(judged, around)
        if wish is not None and not isinstance(wish, Left):
            made = rewrite(judged.finding, wish, data)
            if not isinstance(made, Left) and apply(data, made) != data:
                return False
    return True
