"""The rules that ship with schoolops, as YAML (data)."""
