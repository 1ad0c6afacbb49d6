"""Looking: cursor, filter, order, columns, marks, help, palette, theme."""

from __future__ import annotations

from dataclasses import replace

from tui import columns, i18n
from tui.actions import ACTIONS, Aim, keys_of
from tui.commands.common import ask
from tui.frame import Frame
from tui.i18n import _
from tui.screens.listing import ListScreen


def step_down(screen: Frame, aim: Aim) -> None:
    screen.step("down")


def step_up(screen: Frame, aim: Aim) -> None:
    screen.step("up")


def step_top(screen: Frame, aim: Aim) -> None:
    screen.step("top")


def step_bottom(screen: Frame, aim: Aim) -> None:
    screen.step("bottom")


def step_half_down(screen: Frame, aim: Aim) -> None:
    screen.step("half_down")


def step_half_up(screen: Frame, aim: Aim) -> None:
    screen.step("half_up")


def step_page_down(screen: Frame, aim: Aim) -> None:
    screen.step("page_down")


def step_page_up(screen: Frame, aim: Aim) -> None:
    screen.step("page_up")


def step_left(screen: Frame, aim: Aim) -> None:
    screen.step("left")


def step_right(screen: Frame, aim: Aim) -> None:
    screen.step("right")


async def open_filter(screen: Frame, aim: Aim) -> None:
    if isinstance(screen, ListScreen):
        await screen.open_filter()


def _sort(screen: Frame, down: bool) -> None:
    if not isinstance(screen, ListScreen) or not screen.table.columns:
        return
    column = screen.table.columns[screen.table.column]
    if not column.sortable:
        screen.notify(
            _("The list cannot be sorted by {column}; ← and → choose another column.").format(
                column=column.label
            ),
            markup=False,
        )
        return
    screen.set_sort(("-" if down else "") + column.name)


def sort_up(screen: Frame, aim: Aim) -> None:
    _sort(screen, down=False)


def sort_down(screen: Frame, aim: Aim) -> None:
    _sort(screen, down=True)


async def choose_columns(screen: Frame, aim: Aim) -> None:
    """Columns of this list, remembered in tui.toml."""
    if not isinstance(screen, ListScreen):
        return
    known = columns.choosable(screen.plural, screen.kind)
    extra = [f for name, f in known.items() if name in columns.MEASURED]
    kind = replace(screen.kind, fields=(*screen.kind.fields, *extra))
    chosen = await ask(screen, "ColumnChooser", kind, screen.names)
    if not chosen:
        return
    screen.ops.settings.columns[screen.plural] = tuple(chosen)
    screen.ops.save_settings()
    screen.begin(keep=True)


def focus_counts(screen: Frame, aim: Aim) -> None:
    """To the numbers of the overview, and back to its list."""
    from tui.counts import Counts

    counts = screen.query_one(Counts)
    screen.set_focus(screen.query_one(".main") if counts.has_focus else counts)


def reload(screen: Frame, aim: Aim) -> None:
    if screen.ops.feed is not None and screen.ops.offline_since:
        screen.ops.feed.retry_now(start=True)
    screen.reload()


def mark(screen: Frame, aim: Aim) -> None:
    if not isinstance(screen, ListScreen):
        return
    if screen.table.all_marked:
        screen.notify(_("All matching rows are marked; u unmarks them."), markup=False)
        return
    screen.table.mark()
    screen.show_state()


def mark_all(screen: Frame, aim: Aim) -> None:
    if isinstance(screen, ListScreen):
        screen.table.mark_all()
        screen.show_state()


def unmark(screen: Frame, aim: Aim) -> None:
    if isinstance(screen, ListScreen):
        screen.table.unmark()
        screen.show_state()


async def show_help(screen: Frame, aim: Aim) -> None:
    """What works on this screen; the chosen one is run."""
    keymap = screen.ops.settings.keymap
    offered = [
        replace(action, key=",".join(keys_of(action, keymap)))
        for action in ACTIONS
        if screen.offers(action.id)
    ]
    chosen = await ask(screen, "HelpDialog", offered)
    if chosen:
        await screen.action_run(chosen)


def show_palette(screen: Frame, aim: Aim) -> None:
    from tui.palette import Palette, actions

    if not isinstance(screen.app.screen, Palette):
        screen.app.push_screen(actions())


def choose_theme(screen: Frame, aim: Aim) -> None:
    """Textual's palette of themes, in our words."""
    from tui.palette import themes

    screen.app.push_screen(themes(screen.ops))


async def switch_language(screen: Frame, aim: Aim) -> None:
    """German or English; the main screen is built anew."""
    from tui.screens.overview import Overview

    language = "en" if i18n.language() == "de" else "de"
    i18n.use(language)
    screen.ops.settings.language = language
    screen.ops.save_settings()
    await screen.ops.show_main(Overview)


def quit_app(screen: Frame, aim: Aim) -> None:
    screen.ops.exit(0)
