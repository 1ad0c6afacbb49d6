"""`NamedTuple` and `Any` as `typing` has them, without `typing`, which costs 0.8 MB, and without
`collections`, which costs 0.3 MB.

Modules of the agent's core import these when they run, and `typing` when they are type-checked:

    if TYPE_CHECKING:
        from typing import Any, NamedTuple
    else:
        from agents.tuples import Any, NamedTuple

where `TYPE_CHECKING = False`, which type checkers know to be true for them.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,type-arg,import-not-found"

try:
    from _collections import _tuplegetter as _getter  # as `collections` makes its fields
except ImportError:
    from operator import itemgetter

    def _getter(index, doc):
        return property(itemgetter(index), doc=doc)


Any = object


class _Tuple(tuple):
    """What all named tuples have."""

    __slots__ = ()
    _fields = ()

    @classmethod
    def _make(cls, values):
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"expected {len(cls._fields)} values, got {len(made)}")
        return made

    def _replace(self, /, **values):
        made = self._make(map(values.pop, self._fields, self))
        if values:
            raise ValueError(f"{type(self).__name__} has no {', '.join(values)}")
        return made

    def _asdict(self):
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self):
        shown = ", ".join([f"{name}={value!r}" for name, value in self._asdict().items()])
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self):
        return tuple(self)


class _Meta(type):
    def __new__(mcs, name, bases, namespace):
        if not bases:
            return super().__new__(mcs, name, bases, namespace)
        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        words = ", ".join(fields)
        scope = {"_new": tuple.__new__, "__builtins__": {}}
        make = eval(f"lambda _cls, {words}: _new(_cls, ({words},))", scope)  # noqa: S307
        make.__defaults__ = tuple(defaults.values())
        made = {"__slots__": (), "_fields": fields, "_field_defaults": defaults, "__new__": make}
        made["__match_args__"] = fields
        made |= {field: _getter(index, None) for index, field in enumerate(fields)}
        return type(name, (_Tuple,), made | namespace)


class NamedTuple(metaclass=_Meta):
    """A tuple with named fields, written as a class."""
