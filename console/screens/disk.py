"""Disk: how much is left and for how long, who takes it, what grows, and the way to clean up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from console import routes
from console.acting.disk_commands import ScanDisk
from console.dialogs.clean import CleanDialog
from console.queries.question import Question
from console.queries.questions import AskDisk, DiskNow
from console.screens.page import Page
from console.text.disk_lines import disk_lines, nobody_has_looked
from console.widgets.lines_view import LinesView


class DiskPage(Page):
    name_of, place = "disk", "Disk"
    AUTO_FOCUS = "#disk"

    def body(self) -> Iterable[Widget]:
        yield LinesView(id="disk", focusable=True)

    def question(self) -> Question:
        return AskDisk()

    def show(self, answer: DiskNow, at: datetime) -> None:
        report = answer.report
        if report is None:
            self.lines("#disk").show(lambda width: nobody_has_looked(answer))
        else:
            self.lines("#disk").show(lambda width: disk_lines(report, at, width, scanned=answer.scanned))

    def do_scan(self) -> None:
        self.app.say("The disk is being looked through; this screen shows it when it is done.")
        self.app.run_command(ScanDisk())

    def do_clean_up(self) -> None:
        self.app.push_screen(CleanDialog())

    def do_bin(self) -> None:
        self.app.push_screen(routes.bin_page())
