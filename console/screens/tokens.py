"""Tokens: which programs may score, give feedback or read, and until when."""

from __future__ import annotations

from console import routes
from console.queries.admin_questions import AskTokens
from console.queries.question import Question
from console.screens.list_page import WholeListPage
from console.text.token_lines import COLUMNS
from engine.access.token_records import Token


class TokensPage(WholeListPage[Token]):
    name_of, place = "tokens", "Admin"
    columns = COLUMNS
    empty = ("There is no token: no program comes in by one.", "", "+ makes one, and shows it once.")
    heading = "Tokens"
    of_no_row = ("make_token",)

    @staticmethod
    def key(record: Token) -> str:
        return record.mark

    def question(self) -> Question:
        return AskTokens()

    @staticmethod
    def words(record: Token) -> str:
        return f"{record.name} {record.mark} {' '.join(record.scopes)} {' '.join(record.projects)} {record.made_by}"

    def why_not(self, action: str) -> str | None:
        here = self.selected
        if here is not None and action in ("rotate_token", "revoke_token"):
            if self.at is not None and not here.holds(self.at):
                return f"{here.mark} opens nothing any more; + makes another."
            if action == "rotate_token" and here.replaced_at is not None:
                return f"{here.mark} was replaced already; the newer {here.name} stands above it."
        return super().why_not(action)

    def do_open(self) -> None:
        if self.selected is not None and self.at is not None:
            self.app.push_screen(routes.token(self.selected, self.at))

    def do_make_token(self) -> None:
        from console.dialogs.tokens import making

        self.app.push_screen(making())

    def do_rotate_token(self) -> None:
        from console.dialogs.tokens import rotating

        if self.selected is not None:
            self.app.push_screen(rotating(self.selected))

    def do_revoke_token(self) -> None:
        from console.dialogs.tokens import revoking

        if self.selected is not None:
            self.app.push_screen(revoking(self.selected))
