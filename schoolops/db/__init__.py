"""The one database: engines, unit of work, writer, audit, change stream."""
