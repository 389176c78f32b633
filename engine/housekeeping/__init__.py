"""Disk and logs kept in hand: who uses how much, what may go and why, the bin, and what the product does for itself."""
