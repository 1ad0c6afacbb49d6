"""The inventory's tables and decisions, current health included."""
