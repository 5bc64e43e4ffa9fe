from datetime import UTC, datetime, timedelta, timezone

import pytest

from aura_stack.logs.moments import Run, last_start, moment, previous_runs
from aura_stack.logs.store import Store
from aura_stack.messages import events

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 28, 14, 3, 7, tzinfo=ZONE)


def ns(*parts, zone=ZONE):
    return round(datetime(*parts, tzinfo=zone).timestamp() * 1e6) * 1000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-28T14:03", ns(2026, 11, 28, 14, 3)),
        ("2026-11-28 14:03:07.5", ns(2026, 11, 28, 14, 3, 7, 500_000)),
        ("2026-11-28T14:03:07+00:00", ns(2026, 11, 28, 14, 3, 7, zone=UTC)),
        ("2026-11-28T14:03:07Z", ns(2026, 11, 28, 14, 3, 7, zone=UTC)),
        ("2026-11-01", ns(2026, 11, 1)),
        ("9:15", ns(2026, 11, 28, 9, 15)),
        ("23:15:01.25", ns(2026, 11, 27, 23, 15, 1, 250_000)),
        ("1795233111.25", 1_795_233_111_250_000_000),
        ("yesterday", None),
        ("25:00", None),
        ("12:60", None),
        ("", None),
    ],
)
def test_a_moment_as_a_person_writes_it(text, found):
    assert moment(text, NOW) == found


@pytest.fixture
def record(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()

    def opened():
        return Store(str(logs), str(tmp_path / "events.jsonl"), lambda: None, lambda: None)

    return str(logs), opened


def started(service, run):
    return events.encode(events.Started(service, run, 9), 1.0)


def exited(service, run):
    return events.encode(events.Exited(service, run, 9, 1, "exit code 1"), 1.0)


def test_of_a_service_that_runs_the_run_before_is_the_previous_one(record):
    logs, opened = record
    store = opened()
    for line in (started("web", 1), started("api", 1), exited("web", 1), started("web", 2)):
        store.event(line)
    assert previous_runs(logs, ["web", "api"], running=True) == {"web": Run(1, 1, 0)}
    assert last_start(logs, "web".__eq__) == Run(1, 2, 96)
    store.close()


def test_of_one_that_is_down_its_last_run_is(record):
    logs, opened = record
    store = opened()
    for line in (started("web", 1), exited("web", 1), started("web", 2), exited("web", 2), b"{torn\n"):
        store.event(line)
    assert previous_runs(logs, ["web"], running=True)["web"].number == 2
    store.close()
    assert previous_runs(logs, ["web"], running=False)["web"].number == 2
    store = opened()
    store.event(started("web", 1))
    assert previous_runs(logs, ["web"], running=True)["web"][:2] == (1, 2)
    assert previous_runs(logs, ["web"], running=False)["web"][:2] == (2, 1)
    store.close()
