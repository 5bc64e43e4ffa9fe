"""Names for the numbers that are in use and that the manifest does not have."""

from collections.abc import Container, Iterator, Mapping
from itertools import chain, count

from aura_stack.frozen import NamedTuple
from aura_stack.inventory.findings import Confidence
from aura_stack.inventory.verdicts import Row
from aura_stack.ports.entries import Manifest

_KNOWN = {
    1025: "smtp", 1433: "mssql", 2181: "zookeeper", 3306: "mysql", 4222: "nats", 5432: "postgresql", 5672: "rabbitmq",
    6379: "redis", 8025: "mailhog", 8123: "clickhouse", 9000: "minio", 9090: "prometheus", 9092: "kafka",
    9200: "elasticsearch", 11211: "memcached", 15672: "rabbitmq-admin", 27017: "mongodb",
}  # fmt: skip
"""Numbers that everybody takes for the same program."""


class Proposal(NamedTuple):
    """An entry that the manifest could have.

    Attributes:
        number: what was found.
        name: what it could be called, like no other entry.
        external: nothing in the project listens there.
        range: of the manifest, in which it lies; "" for none.
        places: where it stands, with what stands there.
    """

    number: int
    name: str
    external: bool
    range: str
    places: tuple[str, ...]

    @property
    def table(self) -> str:
        """Where in the manifest it belongs."""
        return "external" if self.external else "ports"

    @property
    def entry(self) -> dict[str, object]:
        """What the manifest would say of it."""
        return {"port": self.number} | ({"range": self.range} if self.range and not self.external else {})


def proposals(rows: tuple[Row, ...], manifest: Manifest) -> Iterator[Proposal]:
    """An entry for every number that has none and that something listens on, or asks."""
    taken = set(manifest.entries) | manifest.unusable
    for row in rows:
        if row.entry or not row.is_wrong:
            continue
        listens = any(each.finding.confidence is Confidence.LISTENER for each in row.places) or any(
            each.service for each in row.holders
        )
        name = next(each for each in _names(row, listens=listens) if each not in taken)
        taken.add(name)
        within = next((key for key, spans in manifest.ranges.items() if _lies(row.number, spans)), "")
        places = tuple(f"{each.finding.place} {each.finding.expression}" for each in row.places)
        yield Proposal(row.number, name, not listens, within, places or row.remarks)


def _lies(number: int, spans: tuple[range, ...]) -> bool:
    return any(number in span for span in spans)


def _names(row: Row, *, listens: bool) -> Iterator[str]:
    """What a number could be called, the best first, without end."""
    known = _KNOWN.get(row.number)
    services = (
        [*(each.service for each in row.places), *(each.service for each in row.holders)] if listens else []
    )
    said = ["-".join(each.finding.names[0].split()) for each in row.places if each.finding.names]
    words = list(dict.fromkeys(filter(None, (*([known] if known and not listens else []), *said, *services))))
    words = words or [f"port-{row.number}"]
    return chain(words, (f"{words[0]}-{number}" for number in count(2)))


def renamed(one: Proposal, name: str, taken: Mapping[str, object] | Container[str]) -> Proposal | str:
    """The proposal with another name, or why it cannot be that."""
    wanted = name.strip()
    if not wanted or any(not (sign.isalnum() or sign in "-_.") for sign in wanted):
        return "a name has letters, digits, - and _"
    return f"there is an entry called {wanted} already" if wanted in taken else one._replace(name=wanted)
