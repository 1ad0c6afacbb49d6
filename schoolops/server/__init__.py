"""The HTTP server: one application out of all capabilities."""
