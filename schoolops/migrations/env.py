"""Alembic's environment: the connection comes from `schoolops.migrations`."""

from __future__ import annotations

from alembic import context

from schoolops.migrations.metadata import is_described, metadata


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=True,
        compare_type=True,
        include_name=is_described,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
