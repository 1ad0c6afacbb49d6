"""Alerts and incidents: rules over measurements, one incident for one fault, and who is told."""
