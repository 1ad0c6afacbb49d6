"""`contextlib.suppress` without `contextlib`, which costs 0.2 MB."""

from __future__ import annotations


class suppress:
    """Leave a with block silently when one of these errors is raised in it."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        return kind is not None and issubclass(kind, self._errors)
