"""The request log: what was asked of a served version and what it answered, in blocks, with the figures of it."""
