"""The database's shape: what the migrations make is what the code says, and how it is upgraded."""

from __future__ import annotations

import warnings
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from schoolops import migrations
from schoolops.db.engine import Store
from schoolops.migrations.metadata import metadata


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_what_the_migrations_make_is_what_the_code_describes(store: Store) -> None:
    with store.read() as connection:
        # SQLite reads an empty default back in a form that Alembic takes for another one.
        options = {"compare_type": True, "compare_server_default": store.is_postgresql}
        context = MigrationContext.configure(connection, opts=options)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert compare_metadata(context, metadata) == []


def test_the_history_is_one_line_and_names_all_files() -> None:
    script = _script()
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(revisions)) == migrations.HISTORY
    assert script.get_heads() == [migrations.HEAD]
