"""What a run works on, written down as soon as it is known: also of a run that fails, so that it can be explained."""

from __future__ import annotations

from engine.storage.ledger import Ledger

_COLUMNS = ("revision", "lock", "rows", "train_rows", "holdout_rows", "retries", "retry_after", "asked")


def note(ledger: Ledger, run: int, **facts: str | float | None) -> None:
    """Keep ``facts`` about a run beside those that are kept already; their names are the columns of run_facts."""
    unknown = facts.keys() - set(_COLUMNS)
    if unknown:
        raise ValueError(f"run_facts has no {sorted(unknown)}")
    names = list(facts)
    with ledger.write() as db:
        db.execute("INSERT OR IGNORE INTO run_facts (run) VALUES (?)", (run,))
        db.execute(
            f"UPDATE run_facts SET {', '.join(f'{name} = ?' for name in names)} WHERE run = ?",
            (*facts.values(), run),
        )
