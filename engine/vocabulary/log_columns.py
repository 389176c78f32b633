"""The columns of a block of the request log: a row for each row of a request."""

from __future__ import annotations

ID, AT, SECONDS, FALLBACK = "request.id", "request.at", "request.seconds", "request.fallback"
ROW, ROLE = "request.row", "request.role"
# Before the name of a key column, of a feature, of a column of the answer.
KEY, FEATURE, ANSWER = "key.", "feature.", "answer."
