"""What a version says of rows: one contract, whoever fills it, and a version taken out of the store to do so."""
