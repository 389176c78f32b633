"""What happens in the demo, week by week, and what its operator decides. Pure: no clock, no file, no engine.

The samples as they are shipped stand at the end of the story: the first commit lacks what later commits bring, and
all that a commit changes is a genuine change, with the effect that a run measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.records import Version

FEWEST_WEEKS, MOST_WEEKS = 3, 26
# Requests a second, in the weeks and while the console is open. Sites are reported more seldom than stones are sold.
ASKED = {"diamonds": 3.0, "phishing": 1.0}


@dataclass(frozen=True)
class Edit:
    """Text of a file that is replaced by other text; ``old`` must be there, once."""

    file: str
    old: str
    new: str

    def undone(self) -> Edit:
        return Edit(self.file, self.new, self.old)


@dataclass(frozen=True)
class StoryCommit:
    """What a data scientist commits before the retrain of ``week``; ``doubtful``: it must prove to be better."""

    week: int
    subject: str
    edits: tuple[Edit, ...]
    doubtful: bool = False


@dataclass(frozen=True)
class Tale:
    """The story of one project. ``missing``: edits of later commits, undone in the first.

    The candidate of the last week is left to the person at the keyboard where it ``waits``; in week ``rehearsal`` what
    was approved is rolled back from.
    """

    project: str
    weeks: int
    missing: tuple[Edit, ...] = ()
    commits: tuple[StoryCommit, ...] = ()
    waits: bool = False
    rehearsal: int | None = None
    asked: float = 0.0
    learns: bool = False

    def commit_of(self, week: int) -> StoryCommit | None:
        return next((c for c in self.commits if c.week == week), None)


@dataclass(frozen=True)
class Decision:
    """What the demo's operator does with a version, and why."""

    kind: Literal["approve", "reject", "leave"]
    reason: str = ""


_WINDOW = Edit(
    "leverframe.toml",
    'window = "28d"                      # what makes flights late changes with the season: four weeks are recent',
    'window = "56d"                      # what makes flights late changes with the season: '
    "eight weeks beat the whole year",
)
_BACKLOG = Edit("leverframe.toml", 'exclude = ["arr_delay", "recent_backlog"]', 'exclude = ["arr_delay"]')
_LEAVES = Edit("diamonds.py", "max_leaf_nodes=15,", "max_leaf_nodes=11,")


def tales(weeks: int) -> tuple[Tale, ...]:
    """The stories of the samples over ``weeks`` weeks.

    Flights drift: what the weeks bring is approved or rejected by what was measured, and the last candidate waits.
    Diamonds do not: there a week's change is tried that is no gain, and the way back is rehearsed. Prices are asked for
    all the while. Phishing sites are reported, and what people say of them is learnt without a retrain.
    """
    phishing = Tale("phishing", 1, learns=True)
    flights = Tale(
        "flights",
        weeks,
        missing=(_WINDOW.undone(), _BACKLOG.undone()),
        commits=(
            StoryCommit(max(2, weeks - 5), "Learn from eight weeks instead of four", (_WINDOW,)),
            StoryCommit(weeks, "Use the backlog at the airport: it is known before departure", (_BACKLOG,)),
        ),
        waits=True,
    )
    if weeks < 5:
        return flights, Tale("diamonds", weeks, asked=ASKED["diamonds"]), phishing
    trees = "Smaller trees, for a smaller model"
    tried = StoryCommit(weeks - 3, trees, (_LEAVES,), doubtful=True)
    reverted = StoryCommit(weeks - 2, f'Revert "{trees}"', (_LEAVES.undone(),))
    diamonds = Tale("diamonds", weeks, commits=(tried, reverted), rehearsal=weeks - 1, asked=ASKED["diamonds"])
    return flights, diamonds, phishing


def decide(tale: Tale, week: int, version: Version) -> Decision:
    """What the demo's operator does with the version that was made in ``week``, from what was measured."""
    if version.state != "candidate" or (tale.waits and week == tale.weeks):
        return Decision("leave")
    if version.comparison == "not compared":
        return Decision("leave")
    commit = tale.commit_of(week)
    if commit is not None and commit.doubtful and version.comparison != "better":
        return Decision("reject", f"{commit.subject}: not worth it, for it does no better: {measured(version)}.")
    if version.comparison == "worse":
        return Decision("reject", f"Worse than what is live, on the same rows: {measured(version)}.")
    if version.against is None:
        return Decision("approve", f"The first version, and it passes its gates: {measured(version)}.")
    said = f"{commit.subject}. " if commit is not None else ""
    if version.comparison == "better":
        return Decision("approve", f"{said}Better than what is live: {measured(version)}.")
    return Decision("approve", f"{said}No worse than what is live, and it knows newer weeks: {measured(version)}.")


REHEARSAL = "A rehearsal: the way back has to be tried before it is needed."


def measured(version: Version) -> str:
    """``roc_auc 0.744 against 0.747``."""
    metric = version.metric
    if metric is None or metric.value is None:
        return "nothing measured"
    beside = f" against {metric.live:.4g}" if metric.live is not None else ""
    return f"{metric.name} {metric.value:.4g}{beside}"
