"""The workspace as it stood at an earlier moment: a copy of the ledger with everything later taken back."""
