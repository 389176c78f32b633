"""A version for a person who has to decide: the judgement, its evidence, what changed, what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from console.cli.printing import Cell, say, table, verdict
from console.cli.session import Session
from console.cli.words import count
from console.text import cells
from console.text.health_table import TONES as VERDICTS
from console.text.lines import Span, Tone
from engine.records import Change, DecisionCard, Gate, Metric, Segment

WORST = 5
ORDER = {"fail": 0, "cannot tell": 1, "warn": 2, "pass": 3}
TONES: dict[str, Tone] = {"better": "ok", "worse": "failing", "cannot tell": "unknown", "not compared": "unknown"}


def print_card(card: DecisionCard, now: datetime) -> None:
    """What the decision card shows, from the judgement in a sentence to what changed."""
    version = card.version
    made = f"made {cells.ago(version.made_at, now)} by {card.made_by}"
    say(Span(f"{version.label}: {version.state}, {made}", "strong"))
    say(version.sentence, indent=2)
    held = card.sandbox
    say(Span(f"sandbox: {held.sentence}", "dim" if held.verdict == "ok" else VERDICTS[held.verdict]), indent=2)
    if version.reason:
        say(f"Last decision: {version.reason}", indent=2)
    _title("Gates")
    table([_gate(gate) for gate in sorted(card.gates, key=lambda g: ORDER[g.verdict])], indent=2)
    _title("Metrics on the holdout")
    _metrics(card)
    _segments(card)
    if card.changes:
        _title(f"Changed since {version.against}")
        print_changes(card.changes)
    if card.changed_decisions is not None:
        say(f"{card.changed_decisions:.1%} of the predictions differ from those of {version.against}.", indent=2)


def _title(text: str) -> None:
    say()
    say(Span(text, "head"))


def _gate(gate: Gate) -> tuple[Cell, ...]:
    return verdict(gate.verdict), gate.name, gate.evidence


def _metrics(card: DecisionCard) -> None:
    """Beside each other where there was a live version to hold it against."""
    label, against = card.version.label, card.version.against
    heads = ["metric", label, "95 %", *([against, "difference", "95 %"] if against else []), "rows"]
    rows = []
    for found in card.metrics:
        row: list[Cell] = [found.name, cells.number(found.value), _between(found.low, found.high)]
        if against:
            row += [
                cells.number(found.live),
                _difference(found),
                _between(found.difference_low, found.difference_high, sign=True),
            ]
        rows.append([*row, f"{found.n:,}"])
    table(rows, heads, indent=2, right=["rows"])
    for found in card.metrics:
        if found.value is None:
            say(Span(f"{cells.no_value(found)}.", "dim"), indent=2, hang=2)
        elif against and found.live is None:
            say(Span(f"{found.name} of {against} has no value on these rows; the verdict says why.", "dim"), indent=2)


def _difference(found: Metric) -> Span:
    if found.difference is None:
        return Span("not compared", TONES["not compared"])
    return Span(cells.signed(found.difference), TONES.get(found.comparison or "", ""))


def _between(low: float | None, high: float | None, *, sign: bool = False) -> str:
    if low is None or high is None:
        return cells.NOTHING
    write = cells.signed if sign else cells.number
    return f"{write(low)} to {write(high)}"


def _segments(card: DecisionCard) -> None:
    """The worst ones: against the live version where there is one, else the lowest as they come."""
    told = [each for each in card.segments if each.candidate is not None]
    if not told:
        return
    against = card.version.against
    worst = sorted(told, key=_by_difference)[:WORST] if against else told[:WORST]
    _title(f"Segments, the worst {len(worst)} of {len(card.segments)}")
    heads = ["segment", told[0].metric, *([against, "difference"] if against else []), "rows"]
    table([_segment(each, against is not None) for each in worst], heads, indent=2, right=["rows"])
    small = len(card.segments) - len(told)
    if small:
        say(f"{small} of {len(card.segments)} have too few rows, or rows of one class only, to tell.", indent=2)


def _by_difference(segment: Segment) -> float:
    return segment.difference if segment.difference is not None else 0.0


def _segment(found: Segment, compared: bool) -> list[Cell]:
    row: list[Cell] = [f"{found.column}={found.value}", cells.number(found.candidate)]
    if compared:
        row += [cells.number(found.live), Span(cells.signed(found.difference), TONES.get(found.verdict, ""))]
    return [*row, f"{found.n:,}"]


def print_changes(changes: Sequence[Change]) -> None:
    """What differs, part by part, the details below each."""
    rows: list[tuple[Cell, Cell]] = []
    for change in changes:
        rows.append((change.what, change.summary))
        rows += [("", Span(f"· {detail}", "dim")) for detail in change.details]
    table(rows, indent=2)


def _due(rule: dict[str, Any]) -> str:
    """``at 0 3 * * mon`` or ``every 6h``: a schedule has one of the two."""
    return f"at {rule['cron']}" if "cron" in rule else f"every {rule['every']}"


def print_contents(content: dict[str, Any]) -> None:
    """What the version holds, in one line for each part."""
    code, data, environment, model = content["code"], content["data"], content["environment"], content["model"]
    settings, golden, lineage = content["settings"], content["golden"], content["lineage"]
    revision = str(code["revision"] or "no revision")[:8]
    dirty = " with uncommitted changes" if code["dirty"] else ""
    said = f'; "{code["message"]}" by {code["author"]}' if code["message"] else ""
    until = f" up to {str(data['until'])[:10]}" if data["until"] else ""
    split = f"{data['train_rows']:,} to learn from, {data['holdout_rows']:,} to judge by"
    jobs = [f"{job} {_due(rule)}" for job, rule in sorted(content["schedule"].items())]
    _title("Holds")
    rows: list[tuple[Cell, Cell]] = [
        ("code", f"{revision} on {code['branch'] or 'no branch'}{dirty}, {count(len(code['files']), 'file')}{said}"),
        ("data", f"{data['rows']:,} rows{until}: {split}"),
        ("schema", f"{len(content['schema']['columns'])} columns"),
        ("packages", f"{len(environment['packages'])} at locked versions, Python {environment['python']}"),
        ("model", f"{cells.size(sum(f['size'] for f in model['files']))}, {len(model['features'])} features"),
        ("settings", f"{len(settings)} sections of leverframe.toml"),
        ("schedule", "; ".join(jobs) or "none"),
        ("golden", f"{golden['rows']} rows whose predictions a proof must reproduce"),
        ("made by", f"run {lineage['run']}, as of {str(lineage['as_of'])[:16].replace('T', ' ')} UTC"),
        ("digest", content["digest"]),
    ]
    table(rows, indent=2)


def print_actions(session: Session, card: DecisionCard, now: datetime) -> None:
    """What can be done with it, or why nothing can."""
    label = card.version.label
    if card.last_rejected:
        say()
        say(f"Rejected before: {card.last_rejected}")
    if card.version.state == "candidate" and card.expires_at is not None:
        say()
        say(f"It expires {cells.until(card.expires_at, now)} unless somebody decides.")
    if card.blocked:
        say()
        say(Span(card.blocked, "watch"))
        return
    say(f"Approve it: {session.decision(f'approve {label}')}", indent=2)
    say(f"Turn it down: {session.decision(f'reject {label}')}", indent=2)
