"""Where a version is: what this workspace made of it, and what others say that are asked over SSH."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.widget import Widget

from console import travel_routes
from console.acting.commands import Result
from console.acting.travel_commands import AskElsewhere
from console.dialogs.field import FieldDialog
from console.queries.question import Question
from console.queries.travel_questions import AskWhere
from console.screens.list_page import WholeListPage
from console.text.bundle_lines import WHERE, Place, places
from console.text.lines import EMPTY, Line, Tone, wrapped
from console.widgets.lines_view import LinesView
from engine.access.acts import nothing_changes
from engine.text import plain

if TYPE_CHECKING:
    from engine.bundles.whereabouts import Stage

NOBODY = "It was sent to no other workspace from here; a asks those that you name."


class WherePage(WholeListPage[Place]):
    """This workspace's own answer stands there at once; others are asked beside it, whatever time they take."""

    name_of, place = "where", "Versions"
    columns = WHERE
    of_no_row = ("ask_others",)

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label
        self._here: Sequence[Stage] = ()
        self._elsewhere: Sequence[Stage] = ()
        self._news: tuple[str, Tone] = ("", "")

    def anew(self) -> WherePage:
        return WherePage(self.label)

    @property
    def heading(self) -> str:
        return f"Where {self.label} is"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="summary")
        yield from super().body()

    @staticmethod
    def key(record: Place) -> tuple[str | None, str | None]:
        return record.workspace, record.found.version if record.found is not None else None

    def question(self) -> Question:
        return AskWhere(self.label)

    @staticmethod
    def words(record: Place) -> str:
        said = f"{record.found.version} {record.found.state} {record.found.origin}" if record.found else record.why
        return f"{record.workspace or 'here'} {said or ''}"

    def show(self, answer: Sequence[Stage], at: datetime) -> None:  # type: ignore[override]
        self._here, first = answer, self.at is None or not self._here
        if first and self.command is None and self.refusal("ask_others") is None:
            self.begin(AskElsewhere(self.label, ()))  # Those it was sent to, as the verb does without a host.
        self._draw(at)

    def why_not(self, action: str) -> str | None:
        if action != "ask_others":
            return super().why_not(action)
        if self.app.who.as_of is not None:
            return nothing_changes(self.app.who.as_of)
        return self.app.runner.why_not("where_else")

    def _draw(self, at: datetime) -> None:
        super().show(places((*self._here, *self._elsewhere)), at)
        text, tone = self._news

        def lines(width: int) -> Sequence[Line]:
            return [*wrapped(text, width - 2, tone=tone, indent=" ")[:1], EMPTY]

        self.lines("#summary").show(lines)

    def begin(self, command: AskElsewhere) -> None:
        """Have others asked, one question at a time."""
        if command in self.app.runner.busy:
            self.app.say(f"Wait: {command.doing}.", "watch")
            return
        self.command = command
        hosts = plain(", ".join(command.hosts), 200) or "those that it was sent to"
        self._tell(f"Asking {hosts} …", "dim")
        self.app.runner.start(command)

    def _tell(self, text: str, tone: Tone) -> None:
        self._news = text, tone
        if self.at is not None:
            self._draw(self.at)

    def done(self, result: Result) -> None:
        new: Sequence[Stage] = result.found
        asked = {each.name for each in new}
        self._elsewhere = (*(each for each in self._elsewhere if each.name not in asked), *new)
        if new or self._elsewhere:
            self._tell(result.sentence, result.tone)
        else:
            self._tell(NOBODY, "dim")

    def refused(self, sentence: str) -> None:
        self._tell(f"■ {plain(sentence, 1000)}", "failing")

    def do_open(self) -> None:
        if self.selected is not None and self.at is not None:
            self.app.push_screen(travel_routes.whereabouts(self.selected, self.at))

    def do_ask_others(self) -> None:
        self.app.push_screen(AskOthersDialog(self))


class AskOthersDialog(FieldDialog):
    """One field, for hosts; the screen beneath shows what they say."""

    NOTHING = "Name a host, such as test.example.org; several are kept apart by spaces."

    def __init__(self, page: WherePage) -> None:
        said = (
            "Each is asked over SSH with the keys of this account, and then those that it was sent on to from there. "
            "What they say stands in the table; one that does not answer says why.",
            "Several are kept apart by spaces: test.example.org ssh://prod.example.org:2222",
        )
        super().__init__(f"WHERE IS {page.label}?", said, "ask", self._ask, "test.example.org")
        self._asking = page

    def _ask(self, hosts: str) -> AskElsewhere:
        return AskElsewhere(self._asking.label, tuple(dict.fromkeys(hosts.split())))

    def begin(self, reason: str) -> None:
        self.dismiss()
        self._asking.begin(self._ask(reason))
