"""Values that never change: declared like a frozen dataclass, at a fiftieth of its price.

A dataclass writes the source of its methods and compiles it, 0.7 ms for each class; before the first service is
spawned some seventy classes are loaded. Here the methods are written once and read the fields' names (see
docs/decisions). Type checkers know it as a dataclass (PEP 681).
"""

from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Frozen:
    """Base of values: fields are the class's annotations, defaults its attributes.

    Two are equal when they are of one class and their fields are equal; they sort by their fields in order. The
    fields of a subclass come after those it inherits. A default is shared, so it must be a value that never
    changes either.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = (name for name in cls.__annotations__ if name not in cls.__match_args__)
        cls.__match_args__ = (*cls.__match_args__, *own)  # type: ignore[misc]  # dataclasses do it too

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} fields, not {len(values)}")
        given = dict(zip(names, values, strict=False))
        for name, value in named.items():
            if name not in names or name in given:
                what = "is given twice" if name in given else "is no field of it"
                raise TypeError(f"{type(self).__name__}: {name} {what}")
            given[name] = value
        self.__dict__.update({name: given[name] if name in given else self._default(name) for name in names})

    @classmethod
    def _default(cls, name: str) -> Any:
        try:
            return getattr(cls, name)
        except AttributeError:
            raise TypeError(f"{cls.__name__}: {name} is missing") from None

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
        return dict(self.__dict__)

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
