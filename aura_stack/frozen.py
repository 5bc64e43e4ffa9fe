"""Values that never change: declared like a frozen dataclass, at a fiftieth of its price.

A dataclass writes the source of its methods and compiles it, 0.7 ms for each class; before the first service is
spawned some seventy classes are loaded. Here the methods are written once and read the fields' names (see
docs/decisions). Type checkers know it as a dataclass (PEP 681).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Frozen:
    """Base of values: fields are the class's annotations, defaults its attributes.

    Two are equal when they are of one class and their fields are equal; they sort by their fields in order. The
    fields of a subclass come after those it inherits. A default is shared, so it must be a value that never
    changes either.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __init_subclass__(cls) -> None:
        own = (name for name in cls.__annotations__ if name not in cls.__match_args__)
        cls.__match_args__ = (*cls.__match_args__, *own)  # type: ignore[misc]  # dataclasses do it too
        cls._known = frozenset(cls.__match_args__)
        cls._defaults = {name: getattr(cls, name) for name in cls.__match_args__ if hasattr(cls, name)}

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self.__dict__
        fields.update(self._defaults)
        fields.update(named)
        if values:
            names = self.__match_args__
            if len(values) > len(names) or not named.keys().isdisjoint(names[: len(values)]):
                self._refuse(values, named)
            fields.update(zip(names, values, strict=False))
        if fields.keys() != self._known:
            self._refuse(values, named)

    def _refuse(self, values: tuple[Any, ...], named: Mapping[str, Any]) -> NoReturn:
        """Say which arguments do not fit the fields."""
        kind, names = type(self).__name__, self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{kind} has {len(names)} fields, not {len(values)}")
        for name in named:
            if name not in names:
                raise TypeError(f"{kind}: {name} is no field of it")
            if name in names[: len(values)]:
                raise TypeError(f"{kind}: {name} is given twice")
        given = {*names[: len(values)], *named, *self._defaults}
        raise TypeError(f"{kind}: {next(name for name in names if name not in given)} is missing")

    def but(self, **changes: Any) -> Self:
        """The same value with other contents in the named fields."""
        if not changes.keys() <= self.__dict__.keys():
            return type(self)(**{**self.__dict__, **changes})  # which says what is wrong
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        made.__dict__.update(changes)
        return made

    def fields(self) -> dict[str, Any]:
        """The values by the fields' names, in the order of the fields."""
        return dict(zip(self.__match_args__, self._values(), strict=True))

    def __setattr__(self, name: str, _: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot change")

    def _values(self) -> tuple[Any, ...]:
        return tuple(self.__dict__[name] for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __lt__(self, other: Self) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() < other._values()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"
