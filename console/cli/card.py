"""A version for a person who has to decide: the judgement, its evidence, what changed, what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.cli.printing import Cell, lines, room, say, table
from console.cli.session import Session
from console.text import cells
from console.text.card_lines import card_lines, change_lines
from console.text.lines import Span
from engine.records import Change
from engine.release.records import DecisionCard
from engine.versions.code import revision_of
from engine.vocabulary.systems import FOLDER, UNHELD

if TYPE_CHECKING:
    from engine.versions.records import CodeSection, VersionDocument


def print_card(card: DecisionCard, now: datetime) -> None:
    """The lines of the decision card, with all that a screen has no room for."""
    lines(card_lines(card, now, room(), whole=True))


def print_changes(changes: Sequence[Change]) -> None:
    """What differs, part by part, the details below each."""
    lines(each for change in changes for each in change_lines(change, room()))


def due(rule: dict[str, Any]) -> str:
    """``at 0 3 * * mon`` or ``every 6h``: a schedule has one of the two."""
    return f"at {rule['cron']}" if "cron" in rule else f"every {rule['every']}"


def print_contents(content: VersionDocument, digest: str, rehearsed: str) -> None:
    """What the version holds, in one line for each part, and what came of rebuilding it."""
    code, data, environment, lineage = content.code, content.data, content.environment, content.lineage
    dirty = " with uncommitted changes" if code.dirty else ""
    held = f"{revision_of(code)}, {UNHELD}" if code.system == FOLDER else _on(code)
    said = f'; "{code.message}" by {code.author}' if code.message else ""
    until = f" up to {data.until[:10]}" if data.until else ""
    split = f"{data.train_rows:,} to learn from, {data.holdout_rows:,} to judge by"
    size = cells.size(sum(file.size for file in content.model.files))
    jobs = [f"{job} {due(rule)}" for job, rule in sorted(content.schedule.items())]
    say(Span("HOLDS", "head"), indent=1)
    files = cells.counted(len(code.files), "file")
    rows: list[tuple[Cell, Cell]] = [
        ("code", f"{held}{dirty}, {files}{said}"),
        ("data", f"{data.rows:,} rows{until}: {split}"),
        ("schema", f"{len(content.schema['columns'])} columns"),
        ("packages", f"{len(environment.packages)} at locked versions, {environment.words}"),
        ("model", f"{size}, {len(content.model.features)} features{_compiled(content)}"),
        ("settings", f"{len(content.settings)} sections of leverframe.toml"),
        ("schedule", "; ".join(jobs) or "none"),
        ("golden", f"{content.golden.rows} rows whose predictions a proof must reproduce"),
        ("made by", f"run {lineage.run}, as of {lineage.as_of[:16].replace('T', ' ')} UTC"),
        ("rehearsed", rehearsed),
        ("digest", digest),
    ]
    table(rows, indent=1)


def _compiled(content: VersionDocument) -> str:
    files = content.scorer.files
    return f"; as {content.scorer.words} {cells.size(sum(file.size for file in files))}" if files else ""


def _on(code: CodeSection) -> str:
    of = f" of {code.remote}" if code.remote else ""
    return f"{revision_of(code)} on {code.branch or 'no branch'}{of}"


def print_actions(session: Session, card: DecisionCard) -> None:
    """What can be done with it, or why nothing can where the card itself does not say so."""
    label = card.version.label
    if not card.blocked:
        say(f"Approve it: {session.decision(f'approve {label}')}", indent=1)
        say(f"Turn it down: {session.decision(f'reject {label}')}", indent=1)
    elif card.version.state != "candidate":
        say()
        say(Span(card.blocked, "watch"))
