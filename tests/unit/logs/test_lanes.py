import random
import time
from itertools import count

import pytest

from aura_stack.logs import lanes
from aura_stack.logs.follow import Piece
from aura_stack.logs.framing import Kind
from aura_stack.logs.lanes import Gap, Lanes
from aura_stack.logs.store import Store


class Record:
    """A record that services print into, and the clock by which it was printed."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.store = Store(self.folder, str(folder / "events.jsonl"), lambda: None, lambda: None)
        self.late = 0

    def say(self, service, data, stream="out"):
        self.store.append(self.store.stream(f"{service}.{stream}.log"), 1, data)

    def end(self, service):
        self.store.end(self.store.stream(f"{service}.out.log"), 1)

    def reader(self, exempt=lambda _: False):
        return Lanes(self.folder, 0, self._now, exempt)

    def _now(self):
        return time.time_ns() + self.late


@pytest.fixture
def record(tmp_path):
    made = Record(tmp_path)
    yield made
    made.store.close()


def lines(first, size, name="line"):
    """Numbered lines of about so many bytes."""
    out, total = [], 0
    for number in count(first):
        out.append(b"%s %d of some length, as lines have it\n" % (name.encode(), number))
        total += len(out[-1])
        if total >= size:
            return b"".join(out)
    raise AssertionError


def text(found, service):
    return b"".join(one.data for one in found if isinstance(one, Piece) and one.service == service)


def gaps(found):
    return [one for one in found if isinstance(one, Gap)]


def drained(reader):
    found = list(reader.turn())
    while reader.behind:
        found += reader.turn()
    return found


def test_what_is_little_comes_in_the_order_of_arrival(record):
    reader = record.reader()
    for number in range(20):
        record.say(("web", "db")[number % 2], b"%d\n" % number)
    assert b"".join(one.data for one in reader.turn()) == b"".join(b"%d\n" % number for number in range(20))
    assert not reader.behind


def test_a_flood_is_handed_over_whole_in_slices_and_whoever_is_quiet_comes_between(record):
    reader = record.reader()
    flood = lines(0, 3 << 20)
    for begin in range(0, len(flood), 50_000):
        record.say("web", flood[begin : begin + 50_000])
    record.say("db", b"quiet 0\n")
    found, turn = [], 0
    while not found or reader.behind:
        turn += 1
        record.say("db", b"quiet %d\n" % turn)
        new = list(reader.turn())
        assert b"quiet %d\n" % turn in text(new, "db")  # at once, however much of the flood is left
        assert len(text(new, "web")) <= 2 * lanes.SLICE
        found += new
    assert turn > 5
    assert text(found, "web") == flood
    assert gaps(found) == []


def test_a_slow_terminal_gets_small_slices_and_a_fast_one_large_ones(record):
    reader = record.reader()
    record.say("web", lines(0, 4 << 20))
    sizes = []
    for seconds in [0.001] * 8 + [0.1] * 8:
        sizes.append(len(text(reader.turn(), "web")))
        reader.took(seconds)
    assert max(sizes) == lanes.SLICE
    assert sizes[8] == lanes.SLICE
    assert sizes[-1] == lanes.LEAST


def test_who_is_far_behind_loses_its_place_and_what_is_lost_is_counted(record):
    reader = record.reader()
    flood = lines(0, 20 << 20)
    for begin in range(0, len(flood), 65536):
        record.say("web", flood[begin : begin + 65536])
    record.say("db", b"quiet\n")
    found = drained(reader)
    (gap,) = gaps(found)
    shown = text(found, "web")
    assert text(found, "db") == b"quiet\n"
    assert flood.endswith(shown[-lanes.KEPT // 2 :])
    assert (gap.service, gap.size) == ("web", len(flood) - len(shown))
    assert len(shown) <= 2 * lanes.KEPT
    record.say("web", b"now\n")
    assert text(reader.turn(), "web") == b"now\n"


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 4 * lanes.KEPT), (1.0, lanes.LEAST)])
def test_a_slow_terminal_is_not_filled_with_the_last_of_many(record, seconds, most):
    reader = record.reader()
    for _ in range(8):
        reader.took(seconds)
    for service in ("a", "b", "c", "d"):
        record.say(service, lines(0, 3 << 20))
    found = list(reader.turn())
    assert {one.service for one in gaps(found)} == {"a", "b", "c", "d"}
    handed = sum(len(one.data) for one in found if isinstance(one, Piece))
    assert most // 2 < handed <= most


def test_who_is_late_by_time_loses_its_place_but_not_for_a_few_lines(record):
    reader = record.reader()
    record.say("web", lines(0, 1 << 20))
    record.say("db", b"few\n" * 1000)
    record.late = lanes.OLD + 1
    found = drained(reader)
    assert len(gaps(found)) == 1
    assert text(found, "db") == b"few\n" * 1000
    assert text(found, "web").endswith(lines(0, 1 << 20)[-1000:])


def test_behind_a_gap_only_whole_lines_come(record):
    reader = record.reader()
    record.say("web", lines(0, 9 << 20))
    record.say("web", b"half a li", stream="err")
    record.say("web", lines(0, 1 << 20) + b"another ha")
    found = drained(reader)
    assert len(gaps(found)) == 1
    record.say("web", b"ne\nwhole\n", stream="err")
    record.say("web", b"lf\n")
    after = list(reader.turn())
    assert [one.data for one in after] == [b"whole\n", b"lf\n"]
    assert text(found, "web").endswith(b"another ha")


def test_a_line_whose_rest_is_lost_ends_before_the_gap(record):
    reader = record.reader()
    record.say("web", b"begun and")
    assert text(reader.turn(), "web") == b"begun and"
    record.say("web", b" lost" * 100 + b"\n" + lines(0, 9 << 20))
    end, gap, *last = drained(reader)
    assert (end.service, end.stream, end.run, end.kind) == ("web", "out", 1, Kind.END)
    assert isinstance(gap, Gap)
    assert text(last, "web").startswith(b"line ")


def test_a_line_without_end_is_no_line_to_begin_with_after_a_gap(record):
    reader = record.reader()
    for _ in range(12):
        record.say("web", b"x" * (1 << 20))
    found = drained(reader)
    assert len(gaps(found)) == 1
    record.say("web", b"x\nwhole\n")
    assert text(reader.turn(), "web") == b"whole\n"


def test_the_end_of_a_run_is_handed_over_whoever_is_late(record):
    reader = record.reader()
    record.say("web", lines(0, 1 << 20))
    record.end("web")
    found = drained(reader)
    assert [one.kind for one in found].count(Kind.END) == 1
    assert found[-1].kind is Kind.END
    record.say("web", lines(0, 9 << 20))
    record.end("web")
    assert [one.kind for one in drained(reader) if isinstance(one, Piece)].count(Kind.END) == 1


def test_whoever_has_the_terminal_is_never_late(record):
    reader = record.reader(exempt=lambda service: service == "web")
    flood = lines(0, 12 << 20)
    record.say("web", flood)
    assert text(reader.turn(), "web") == flood
    assert not reader.behind


def test_given_up_at_once_in_the_end(record):
    reader = record.reader()
    record.say("web", lines(0, 4 << 20))
    found = list(reader.turn())
    assert reader.behind
    found += reader.give_up()
    found += reader.turn()
    assert len(gaps(found)) == 1
    assert not reader.behind


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_printed_and_read_when_every_byte_is_shown_once_or_counted(record, seed, monkeypatch):
    """Shares and limits so small that services are late and lose their places all the time."""
    chance = random.Random(seed)
    for name, value in {
        "SHARE": 300,
        "SLICE": 120,
        "LEAST": 60,
        "FAR": chance.choice([500, 4000]),
        "KEPT": 60,
    }.items():
        monkeypatch.setattr(lanes, name, value)
    reader = record.reader()
    printed = dict.fromkeys(("a", "b", "c"), b"")
    found = []
    for _ in range(300):
        service = chance.choice("aabc")
        data = lines(len(printed[service]), chance.choice([1, 1, 200, 900]), service)
        cut = chance.randrange(len(data) + 1)
        for part in (data[:cut], data[cut:]):
            record.say(service, part) if part else None
        printed[service] += data
        if chance.random() < 0.3:
            found += reader.turn()
    found += drained(reader)
    for service, whole in printed.items():
        shown = text(found, service)
        lost = sum(one.size for one in gaps(found) if one.service == service)
        left_out = len(whole) - len(shown) - lost
        assert 0 <= left_out <= 60 * 3 * (1 + len(gaps(found)))  # rests of lines around gaps
        originals = set(whole.split(b"\n"))
        at = 0
        for line in shown.split(b"\n")[:-1]:
            if line in originals:
                at = whole.index(line + b"\n", at) + 1  # in order, and none twice
    assert gaps(found) or seed
