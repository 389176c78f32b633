"""The gates: what each looks at, its verdict with the evidence, and what to do where it does not pass."""
