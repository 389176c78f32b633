"""Words of the field and of the house, each in a sentence; the help of a screen explains those on it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The word as it stands on screens, how else it may stand there (a regular expression, case counts not), what it means.
WORDS: tuple[tuple[str, str, str], ...] = (
    ("candidate", r"candidates?", "A version that passed its gates and waits for somebody's decision."),
    ("live", r"live", "The version that is in use; the ledger says which, everything else follows it."),
    ("barred", r"barred", "It was rolled back from; only a person with a reason may make it live again (lift)."),
    ("retired", r"retired", "It was live once and is not any more; it can be gone back to."),
    ("undecided", r"undecided", "Its gates could not tell, mostly for want of rows; it is no candidate."),
    ("nothing-new", r"nothing-new", "Code, data, packages and settings are those of the live version."),
    ("interrupted", r"interrupted", "Its process was killed before it could write its outcome; its log is kept."),
    ("gate", r"gates?", "One check of a candidate, with its evidence: pass, warn, fail, or cannot tell."),
    (
        "cannot tell",
        r"cannot tell",
        "There are too few rows to say either, or too uneven ones; it never counts as pass.",
    ),
    ("holdout", r"holdout", "Rows that the model did not learn from: it is judged on them, mostly the newest."),
    (
        "golden rows",
        r"golden(?: rows?)?",
        "Some hundred rows with their predictions: a version must repeat them exactly.",
    ),
    ("proof", r"proof|proven", "The version is rebuilt from the store in an empty folder and repeats its golden rows."),
    ("digest", r"digests?", "A fingerprint of content (SHA-256): two things with the same one are the same."),
    ("as of", r"as of|as-of", "The moment from which the data is seen; a run may look at the past."),
    ("drift", r"drift(?:ed)?", "The rows that come now are not distributed as those that the model learnt from."),
    ("PSI", r"psi", "Population stability index: how far a column has moved. Up to 0.1 is little, above 0.25 much."),
    ("±", r"±[\d.]*", "Half the width of the 95 % interval: the true value is in it 95 times of 100."),
    ("segment", r"segments?", "The rows with one value of a column; a model may be good on the whole and bad there."),
    (
        "backtest",
        r"backtest(?:s|ed)?",
        "Policies of retraining, replayed on the project's own past: what each would have been worth.",
    ),
    (
        "calibration",
        r"calibration|calibrated",
        "Whether chances come true as often as they were said: of ten at 30 %, three.",
    ),
    ("mature", r"mature", "Rows that are old enough for their outcome to be known."),
    ("estimate", r"estimated?", "What the metric probably is where outcomes are not known yet: no measurement."),
    (
        "occurrence",
        r"occurrences?|due times?",
        "One moment at which a schedule was due; each ends as ran, skipped or missed.",
    ),
    (
        "catch-up",
        r"catch[- ]up|caught up",
        "What becomes of due times that went by while nothing ran: the latest, all, or none.",
    ),
    ("bin", r"bin", "What was cleaned up lies there for 14 days and can be restored."),
    ("snoozed", r"snoozed|snoozes", "Left out of the status until a time; it is open all the same."),
    (
        "roc_auc",
        r"roc_auc|auc",
        "How often a positive row is scored above a negative one: 0.5 is guessing, 1 is perfect.",
    ),
    (
        "average_precision",
        r"average_precision",
        "Precision over all cuts: guessing gets the share of positives, 1 is perfect.",
    ),
    (
        "log_loss",
        r"log_loss",
        "How wrong the stated chances are, the surely wrong ones most: 0 is perfect, lower is better.",
    ),
    ("brier", r"brier", "The mean squared error of the stated chances: 0 is perfect, lower is better."),
    ("accuracy", r"accuracy", "The share of rows whose class is said right."),
    ("precision", r"precision", "Of the rows that are said to be positive, the share that is."),
    ("recall", r"recall", "Of the rows that are positive, the share that is said to be."),
    ("f1", r"f1", "Precision and recall in one number; it is as low as the lower of them makes it."),
    ("mae", r"mae", "The mean error, in the target's own unit; lower is better."),
    ("rmse", r"rmse", "Like the mean error, but large errors count more; lower is better."),
    ("mape", r"mape", "The mean error as a share of the true value; lower is better."),
    ("r2", r"r2", "The share of the target's spread that the model explains: 0 is the mean's, 1 is perfect."),
)


def words_in(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Of the words that stand in ``texts``, each with its sentence, in the glossary's order."""
    text = "\n".join(texts)
    return [
        (word, sentence)
        for word, pattern, sentence in WORDS
        if re.search(rf"(?<![\w.-])(?:{pattern})(?![\w-])", text, re.IGNORECASE)
    ]
