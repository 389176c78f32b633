"""The table of labels held against answers, as the migration of that name makes it."""

# A batch of feedback, once its labels were held against what was answered for their keys. `found`: how many found an
# answer and agree with it, counted. `held`: why the batch is quarantined since, NULL where it is not. Never changed.
FEEDBACK_AGREEMENTS = """
CREATE TABLE feedback_agreements (
    batch    INTEGER PRIMARY KEY REFERENCES feedback_batches (id),
    at       TEXT NOT NULL,
    found    TEXT NOT NULL,
    held     TEXT
) STRICT;
"""
