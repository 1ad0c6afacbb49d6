"""Ground floor: errors, clock, settings, permissions. Imports nothing of ours."""
