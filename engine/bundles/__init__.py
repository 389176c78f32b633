"""Versions that travel: one zip that another workspace can verify, prove and take in."""
