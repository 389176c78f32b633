"""What goes out to people: queued in the ledger with what caused it, sent by mail and webhook."""
