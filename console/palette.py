"""The palette: every action that the screen or the console knows, found by its words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.actions import Action, anywhere, of_screen

if TYPE_CHECKING:
    from console.app import LeverframeApp


class ActionPalette(Provider):
    """One row an action; choosing one is pressing its key, so what is refused there is refused here."""

    def _actions(self) -> Iterator[Action]:
        yield from of_screen(getattr(self.screen, "name_of", ""))
        yield from (action for action in anywhere() if action.id != "palette")

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(self._words(action), self._run(action), help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            score = matcher.match(f"{action.label} {action.help}")
            if score > 0:
                yield Hit(score, self._words(action), self._run(action), help=action.help)

    def _words(self, action: Action) -> str:
        return f"{action.label}  ({action.key_name})"

    def _run(self, action: Action) -> partial[None]:
        app: LeverframeApp = self.app  # type: ignore[assignment]
        return partial(app.action_act, action.id)
