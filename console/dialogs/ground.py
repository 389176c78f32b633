"""What a dialog stands on: what its screen showed when it was opened, and goes on asking for beneath it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.queries.question import Question
from console.screens.page import Page


class Ground:
    """``page`` is the screen on which ``action`` was chosen."""

    def __init__(self, page: Page, action: str) -> None:
        self._page, self._action = page, action
        self._about, self._so = page.about(action), page.so(action)
        self.question: Question | None = page.question()

    def lost(self, answer: Any, at: datetime) -> str | None:
        """Why what was chosen cannot be done any more, now that ``answer`` is so; None where it still can."""
        page = self._page
        page.answered(answer, at)
        if page.about(self._action) != self._about:
            return page.gone
        refusal, now = page.refusal(self._action), page.so(self._action)
        if refusal is None and not self._so <= now:
            news = "; ".join(sorted(now - self._so)) or "what was shown to you is no longer so"
            return f"{news}."
        return refusal
