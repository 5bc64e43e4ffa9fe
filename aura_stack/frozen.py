"""Values that never change: declared like frozen dataclasses and named tuples, at a fraction of their price.

A dataclass writes the source of its methods and compiles it, 0.7 ms for each class, and a named tuple its constructor,
0.15 ms; before the first service is spawned some hundred classes are loaded. Here the methods are written once and
read the fields' names (see docs/decisions). Type checkers know the one as a dataclass (PEP 681), the other as
`typing.NamedTuple`.
"""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, dataclass_transform


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
        if not named and len(values) == len(self.__match_args__):
            fields.update(zip(self.__match_args__, values, strict=True))
            return
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
        raise TypeError(_misfit(type(self).__name__, self.__match_args__, len(values), named, self._defaults))

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


def _misfit(
    kind: str, names: tuple[str, ...], values: int, named: Iterable[str], filled: Iterable[str]
) -> str:
    """Which arguments do not fit the fields: so many by place, these by name, and these fields have defaults."""
    if values > len(names):
        return f"{kind} has {len(names)} fields, not {values}"
    for name in named:
        if name not in names:
            return f"{kind}: {name} is no field of it"
        if name in names[:values]:
            return f"{kind}: {name} is given twice"
    given = {*names[:values], *named, *filled}
    return f"{kind}: {next(name for name in names if name not in given)} is missing"


if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414, TID251 - what it is to type checkers
else:
    _made = tuple.__new__

    class _Slotted(type):
        """Of classes whose values have no dict."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            return super().__new__(cls, name, bases, {**body, "__slots__": ()})

    class NamedTuple(tuple, metaclass=_Slotted):
        """As `typing.NamedTuple`: fields are the class's annotations, defaults its attributes."""

        __slots__ = ()
        _fields = __match_args__ = ()
        _field_defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})
        _last: ClassVar[tuple[Any, ...]] = ()  # the defaults by place, which are the last fields'
        _size: ClassVar[int] = 0

        def __init_subclass__(cls) -> None:
            names, written = tuple(cls.__annotations__), vars(cls)
            cls._field_defaults = {name: written[name] for name in names if name in written}
            cls._last = tuple(cls._field_defaults.values())
            cls._fields = cls.__match_args__ = names
            cls._size = len(names)
            for place, name in enumerate(names):
                setattr(cls, name, property(itemgetter(place)))

        def __new__(cls, *values: Any, **named: Any) -> Self:
            """Take the values by place or by name; TypeError where they do not fit the fields."""
            if named or len(values) != cls._size:
                values = cls._completed(values, named)
            return _made(cls, values)

        @classmethod
        def _completed(cls, values: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
            """The values of all fields: those that are named or have been left out come after the others."""
            missing = cls._size - len(values)
            if not named and 0 < missing <= len(cls._last):
                return values + cls._last[-missing:]
            others, left, defaults = cls._fields[len(values) :], {**named}, cls._field_defaults
            try:
                filled = [left.pop(name) if name in left else defaults[name] for name in others]
            except KeyError:  # neither named nor with a default
                missing = -1
            if missing < 0 or left:
                raise TypeError(_misfit(cls.__name__, cls._fields, len(values), named, defaults))
            return (*values, *filled)

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Self:
            made = _made(cls, values)
            return made if len(made) == cls._size else cls(*made)  # which says what is wrong, or fills it up

        def _replace(self, **changes: Any) -> Self:
            changed = _made(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__}: {next(iter(changes))} is no field of it")
            return changed

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:  # for copies and pickles
            return tuple(self)

        def __repr__(self) -> str:
            fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({fields})"
