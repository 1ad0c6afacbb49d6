"""What the actions of `tui.actions` do, imported on first use.

Each function gets the screen and the `Aim` taken at the key press. Dialogs run in the
application's worker, so a function may wait for them.
"""
