"""What all dialogs share: the box, the line of keys at its foot, cancelling, sentences of error.

Keys are bindings with an id (`dialog.accept`, `dialog.cancel`, …), so a person's key map
applies here too, and the foot line shows the keys as they are bound. Errors are sentences
behind a '✗' and never colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from tui.actions import key_label
from tui.i18n import _

Result = TypeVar("Result")
Hint = tuple[str, str]
"""Binding id and what it does, in the user's language."""


class Hints(Static):
    """The foot line: the bound key and what it does; each hint can also be clicked. A line
    breaks between hints, never inside one."""

    def __init__(self, hints: Iterable[Hint] = ()) -> None:
        super().__init__("", classes="hints")
        self.hints = list(hints)

    def on_mount(self) -> None:
        self.show(self.hints)

    def on_resize(self) -> None:
        self.show(self.hints)

    def show(self, hints: Iterable[Hint]) -> None:
        self.hints = list(hints)
        bound = {}
        for active in self.screen.active_bindings.values():
            if active.binding.id and active.binding.id not in bound:
                bound[active.binding.id] = active.binding
        lines: list[list[Content]] = [[]]
        room = width = (self.size.width or self.screen.size.width - 4) - 1
        for id, text in self.hints:
            if (binding := bound.get(id)) is None:
                continue
            hint = Content.assemble((f" {key_label(binding.key)} ", "reverse"), f" {text}")
            hint = hint.stylize(Style.from_meta({"@click": f"screen.{binding.action}"}))
            if hint.cell_length > room and lines[-1]:
                lines.append([])
                room = width
            lines[-1].append(hint)
            room -= hint.cell_length + 2
        self.update(Content("\n").join(Content("  ").join(line) for line in lines))


class Body(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The part that scrolls. It takes no keys: in a form the arrows walk through the fields."""


class Sentence(Static):
    """A line that is not there while it has nothing to say; `problem` marks it with '✗'."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str = "") -> None:
        super().__init__(text, markup=False, id=id, classes=f"sentence {classes}")
        self.text = text
        self.display = bool(text)

    def say(self, text: str, *, problem: bool = False) -> None:
        self.text = text
        self.display = bool(text)
        self.set_class(problem, "-problem")
        self.update(f"✗ {text}" if problem and text else text)


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A titled box in the middle of the screen; Esc answers None.

    Subclasses fill `body`, name their keys in `hints` and answer by `self.answer`. Where the
    answer can be refused, the frame sets `taken_by`: then the dialog stays, with all that was
    typed, until the frame closes it, and `refuse` says what is wrong.
    """

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
    }
    Dialog > #box {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $primary;
        border-title-color: $text;
        border-title-style: bold;
        padding: 0 1;
    }
    Dialog.-tall > #box {
        height: 100%;
        max-height: 40;
    }
    Dialog #body {
        height: auto;
        max-height: 1fr;
        width: 100%;
        scrollbar-size-vertical: 1;
    }
    Dialog.-tall #body {
        height: 1fr;
    }
    Dialog .hints {
        width: 100%;
        height: auto;
        margin-top: 1;
        color: $text-muted;
        link-style: none;
        link-color: $text;
        link-style-hover: underline;
    }
    Dialog.-tall .hints {
        margin-top: 0;
    }
    Dialog .sentence {
        width: 100%;
        height: auto;
    }
    Dialog .-problem {
        color: $text-error;
        text-style: bold;
    }
    Dialog .caption {
        width: 100%;
        height: auto;
        margin-top: 1;
    }
    Dialog .driven > .option-list--option-highlighted {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
        text-style: $block-cursor-text-style;
    }
    Dialog Input, Dialog Select, Dialog OptionList, Dialog TextArea {
        width: 1fr;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, id="dialog.cancel"),
        Binding("ctrl+s", "accept", "Accept", show=False, id="dialog.accept", priority=True),
    ]

    TALL = False
    """A tall dialog takes the height of the terminal and scrolls inside."""

    taken_by: Callable[[Result], None] | None = None
    working = False
    """Whether its answer is being carried out."""

    def __init__(self, title: str) -> None:
        super().__init__(classes="-tall" if self.TALL else None)
        self.heading = title

    def make_room(self, lines: Iterable[str], width: int = 60) -> None:
        """Become tall if so much text would push the foot line off the screen."""
        self.set_class(self.TALL or sum(1 + len(line) // width for line in lines) > 8, "-tall")

    def compose(self) -> ComposeResult:
        box = Vertical(id="box")
        box.border_title = Content(self.heading)
        with box:
            yield from self.above()
            with Body(id="body"):
                yield from self.body()
            yield from self.below()
            yield Sentence(id="problem")
            yield Hints(self.hints())

    def above(self) -> Iterable[Widget]:
        """What stays in place while the body scrolls."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stays in place under the body."""
        return ()

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("OK")), ("dialog.cancel", _("Cancel"))]

    def problem(self, sentence: str) -> None:
        """Show what is wrong above the foot line; empty text takes it away."""
        self.query_one("#problem", Sentence).say(sentence, problem=True)

    def answer(self, result: Result) -> None:
        """Close with this answer, or hand it to whom closes the dialog once it is carried out."""
        self.settle()
        if self.taken_by is None:
            self.dismiss(result)
        else:
            self.taken_by(result)

    def settle(self) -> None:
        """Before an answer goes out: nothing may lie over what will be said about it."""

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Say why an answer was not carried out: field → sentence, or '' → sentence."""
        self.problem(" ".join(sentence for sentence in errors.values() if sentence))

    def on_screen_suspend(self) -> None:
        """A plan is read without the form that asked for it around it. Moved, not hidden: what
        is hidden loses the cursor."""
        if self.working:
            self.query_one("#box").styles.offset = (0, self.size.height)

    def on_screen_resume(self) -> None:
        self.query_one("#box").styles.offset = (0, 0)

    def wait(self) -> None:
        """Say that the answer is still being carried out."""
        if self.is_active:
            self.query_one("#problem", Sentence).say(_("One moment …"))

    def show_hints(self) -> None:
        self.query_one(Hints).show(self.hints())

    def action_accept(self) -> None:
        raise NotImplementedError

    def action_cancel(self) -> None:
        self.dismiss(None)


def plain(text: str) -> Static:
    """Text of a record or a file: never read as markup."""
    return Static(text, markup=False)
