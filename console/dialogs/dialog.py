"""A dialog: what will happen, in words; a reason; Enter does it, Esc leaves everything as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.acting.commands import Command, Result
from console.dialogs.ground import Ground
from console.queries.question import Question
from console.screens.page import Asking, Page
from console.text.lines import SENTENCE, Line, Span, Tone, line, wrapped
from console.widgets.lines_view import LinesView
from engine.release.records import ProofStep
from engine.text import plain

if TYPE_CHECKING:
    from console.app import LeverframeApp


class ReasonDialog(Asking, ModalScreen[None]):
    """Says in ``sentences`` what ``verb`` will do, asks for a reason, and has the command carried out.

    ``trouble`` is why nothing can be done any more, in a sentence.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter", "close", show=False),
        Binding("pageup", "scroll_text(-1)", show=False, priority=True),
        Binding("pagedown", "scroll_text(1)", show=False, priority=True),
    ]
    # What the field is for, and what is said when it is empty.
    GIVEN = "Reason"
    NOTHING = "A reason is needed: in a year somebody will ask why this was done."
    # What is going on once it was given, where that needs saying; and what Esc does then.
    BEGUN = ""
    LEAVES = "leave it running and go back to the screen"
    if TYPE_CHECKING:
        app: LeverframeApp

    def __init__(self, title: str, sentences: Sequence[str], verb: str, make: Callable[[str], Command]) -> None:
        super().__init__()
        self.heading, self.sentences, self.verb = title, sentences, verb
        self._make = make
        self.command: Command | None = None
        self.ended = False
        self.trouble: str | None = None
        self._ground: Ground | None = None
        self._said: list[tuple[str, Tone]] = []
        self._reading: Callable[[int], Sequence[Line]] | None = None

    # What it shows

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LinesView(id="text", grows=7)
            yield Input(placeholder="your reason, for the audit trail", id="reason", max_length=1000)
            yield LinesView(id="progress", grows=9)
            yield LinesView(id="keys")

    def on_mount(self) -> None:
        self.draw_text()
        self._draw_progress()
        self.draw_keys()

    def on_screen_resume(self) -> None:
        self.app.ask(self.question(), self.beside())

    # What it stands on

    def opened_on(self, page: Page, action: str) -> None:
        self._ground = Ground(page, action)

    def beside(self) -> Question | None:
        return self._ground.question if self._ground is not None and self.command is None else None

    def answered_beside(self, answer: Any, at: datetime) -> None:
        if self._ground is None or self.command is not None or self.hopeless:
            return
        lost = self._ground.lost(answer, at)
        if lost is not None:
            self.lose(look_again(lost))

    def lose(self, trouble: str) -> None:
        """Say below what it would have done why it cannot be done."""
        if self.trouble is None:
            self.trouble = trouble
            self.settle()
            self.only_say(f"■ {plain(trouble, SENTENCE)}", "failing")

    def settle(self) -> None:
        """Show what is known by now; something is asked for only where it leads somewhere."""
        for field in self.query(Input):
            field.display = not self.hopeless
        self.draw_text()
        self.draw_keys()

    # What stands in it

    @property
    def reason(self) -> str:
        """What was given as the reason so far."""
        return self.query_one("#reason", Input).value.strip()

    def text(self, width: int) -> Sequence[Line]:
        """What will happen."""
        return [each for sentence in self.sentences for each in wrapped(sentence, width)]

    def draw_text(self) -> None:
        """Show the heading and what will happen; once it happens, the room belongs to the progress, and then to what
        came of it where that is to be read."""
        head, made = line(Span(self.heading, "strong")), self._reading
        if made is None and self.command is None:
            made = self.text
        self.query_one("#text", LinesView).show(lambda width: [head, (), *((*made(width), ()) if made else ())])

    @property
    def ready(self) -> bool:
        """Whether Enter would do it now."""
        return True

    @property
    def hopeless(self) -> bool:
        """Whether Enter will never do it: there is only closing left."""
        return self.trouble is not None

    def wrong(self) -> str | None:
        """What has to be put right first, in a sentence."""
        return None

    def draw_keys(self) -> None:
        """Show which keys work now."""
        if self.ended or self.hopeless:
            reads = line("     ", Span("PgDn", "key"), " read on") if self._reading is not None else ()
            parts = line(Span("Enter", "key"), " close", *self.more_keys(), *reads)
        elif self.command is not None:
            parts = line(Span("Esc", "key"), f" {self.LEAVES}")
        else:
            parts = line(Span("Enter", "key"), f" {self.verb}     ", Span("Esc", "key"), " leave everything as it is")
        self.query_one("#keys", LinesView).show(lambda width: [parts])

    def more_keys(self) -> Sequence[Span]:
        """What else can be done at the end."""
        return ()

    def only_say(self, text: str, tone: Tone) -> None:
        """The only line of the progress, until something is done."""
        self._said = [(text, tone)]
        self._draw_progress()

    def say_nothing(self) -> None:
        """Take away what the progress says."""
        self._said = []
        self._draw_progress()

    def tell(self, text: str, tone: Tone = "") -> None:
        """Add a line to the progress."""
        self._said.append((text, tone))
        self._draw_progress()

    def progress_lines(self, width: int) -> Sequence[Line]:
        """What has been said of it so far."""
        return [each for text, tone in self._said for each in wrapped(text, width, tone=tone)]

    def _draw_progress(self) -> None:
        progress = self.query_one("#progress", LinesView)
        progress.display = bool(self._said)
        progress.show(self.progress_lines)
        self.make_room()

    def make_room(self) -> None:
        """Leave the text whatever rows the rest does not need; called whenever the progress says something else."""

    # What is done

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.command is not None or self.hopeless:
            return
        if not self.ready:
            self.only_say("Not read yet; your reason is kept, press Enter again in a moment.", "watch")
            return
        wrong = self.wrong()
        if wrong is not None:
            self.only_say(wrong, "watch")
            return
        reason = self.reason
        if not reason:
            self.only_say(self.NOTHING, "watch")
            return
        self.begin(reason)

    def begin(self, reason: str) -> None:
        """Have the command carried out."""
        self._said = []
        self.command = self._make(reason)
        self.query_one("#reason", Input).display = False
        self.draw_text()
        self.tell(f"{self.GIVEN}: {plain(reason, SENTENCE)}", "dim")
        if self.BEGUN:
            self.tell(self.BEGUN)
        self.draw_keys()
        self.app.runner.start(self.command)

    def step_done(self, step: ProofStep) -> None:
        """The command has done one of its steps."""
        self.tell(f"✓ {plain(step.what, SENTENCE)}, {step.seconds:.1f} s")

    def done(self, result: Result) -> None:
        """The command was carried out."""
        self.ended, self._reading = True, result.reading
        # What was going on is over; where something is to be read, the rows are for that.
        self._said = [each for each in self._said if each[0] != self.BEGUN and result.reading is None]
        self.tell(plain(result.sentence, SENTENCE), result.tone)
        for note in result.notes:
            self.tell(f"· {plain(note, SENTENCE)}", "dim")
        if result.reading is not None:
            self.draw_text()
        self.draw_keys()

    def refused(self, sentence: str) -> None:
        """The command was not carried out."""
        self.ended = True
        self.tell(f"■ {plain(sentence, SENTENCE)}", "failing")
        self.draw_keys()

    def write_anew(self, sentence: str) -> None:
        """The command was refused for what was written, which stands there again: the next key goes on with it."""
        self.command = None
        self.only_say(f"■ {plain(sentence, SENTENCE)}", "failing")
        for field in self.query(Input):
            field.display, field.select_on_focus = True, False
            field.cursor_position = len(field.value)
        self.query(Input).first().focus()
        self.draw_text()
        self.draw_keys()

    def action_leave(self) -> None:
        self.dismiss()

    def action_close(self) -> None:
        if self.ended or self.hopeless:
            self.dismiss()

    def action_scroll_text(self, by: int) -> None:
        text = self.query_one("#text", LinesView)
        text.scroll_relative(y=by * max(1, text.size.height - 1), animate=False)

    def answered(self, answer: object, at: datetime) -> None:
        """It asks nothing."""


def look_again(lost: str) -> str:
    """What a dialog says whose ground was pulled away, before Enter is pressed."""
    return f"Things changed while you looked: {lost} Close this and look again."
