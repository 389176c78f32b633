"""The tables of packed feedback, as the migration of that name makes them."""

# Many small batches as one object, `digest`, which names each by its number and digest before it holds what came.
# `feedback_packed`: in which block a batch lies; its own object need not be kept any longer. Batches stay as they are.
FEEDBACK_BLOCKS = """
CREATE TABLE feedback_blocks (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL REFERENCES projects (name),
    at       TEXT NOT NULL,
    digest   TEXT NOT NULL,
    batches  INTEGER NOT NULL,
    rows     INTEGER NOT NULL
) STRICT;
CREATE TABLE feedback_packed (
    batch    INTEGER PRIMARY KEY REFERENCES feedback_batches (id),
    block    INTEGER NOT NULL REFERENCES feedback_blocks (id)
) STRICT;
CREATE INDEX packed_by_block ON feedback_packed (block);
"""
