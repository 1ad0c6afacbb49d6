"""`NamedTuple` and `Any` as `typing` has them, without `typing`, which costs 0.8 MB.

Modules of the agent's core import these when they run, and `typing` when they are type-checked:

    if TYPE_CHECKING:
        from typing import Any, NamedTuple
    else:
        from agents.tuples import Any, NamedTuple

where `TYPE_CHECKING = False`, which type checkers know to be true for them.
"""

from collections import namedtuple

Any = object


class _Meta(type):
    def __new__(mcs, name, bases, namespace):  # type: ignore[no-untyped-def]
        if not bases:
            return super().__new__(mcs, name, bases, namespace)
        fields = list(namespace.get("__annotations__", ()))
        defaults = [namespace[field] for field in fields if field in namespace]
        made = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])  # type: ignore[misc]
        made.__annotations__ = namespace.get("__annotations__", {})
        for key, value in namespace.items():
            if key not in fields and key not in ("__module__", "__qualname__", "__annotations__"):
                setattr(made, key, value)
        return made


class NamedTuple(metaclass=_Meta):
    """A tuple with named fields, written as a class."""
