"""The report for business people: composed from the ledger, rendered as HTML and as text, sent by mail."""
