"""What came of the rows that were scored: labels as they came, and which of them count."""
