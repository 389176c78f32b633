"""What a screen has that shows a chart where there is room for one, and the same as text where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.containers import VerticalScroll
from textual.events import Resize
from textual.widget import Widget

from console.screens.page import Page
from console.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from console.widgets.chart import Chart

# Where a chart has room beside what else must be seen.
CHART_WIDTH, CHART_HEIGHT = 100, 32


class Charted(Page):
    """Lines that stand, the chart, and sections; ``draw`` draws all of it."""

    AUTO_FOCUS = "#scroll"

    def __init__(self) -> None:
        super().__init__()
        self._loading = False

    def draw(self) -> None:
        raise NotImplementedError

    def kind_of_chart(self) -> type[Chart]:
        """Its class, whose module is loaded by this."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="scroll"):
            yield LinesView(id="standing", whole=True)
            yield LinesView(id="sections", whole=True)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.draw)

    @property
    def roomy(self) -> bool:
        return self.app.size.width >= CHART_WIDTH and self.app.size.height >= CHART_HEIGHT

    def draw_chart(self, shown: Any | None) -> None:
        """Show a chart of ``shown``; none where that is None."""
        charts: list[Chart] = list(self.query("#chart"))  # type: ignore[arg-type]
        for chart in charts:
            chart.display = shown is not None
            if shown is not None:
                chart.show(shown)
        if not charts and shown is not None and not self._loading:
            # numpy comes with it, for a quarter of a second that nobody should wait for.
            self._loading = True
            self.run_worker(self._load_chart, thread=True)

    def _load_chart(self) -> None:
        self.app.call_from_thread(self._mount_chart, self.kind_of_chart())

    def _mount_chart(self, kind: type[Chart]) -> None:
        for scroll in self.query("#scroll"):  # None where the screen was left meanwhile: its widgets go before it does.
            scroll.mount(kind(id="chart"), after="#standing")
            self.call_after_refresh(self.draw)
