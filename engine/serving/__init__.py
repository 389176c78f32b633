"""Requests in real time: what is answered with which version, and what becomes of it where that cannot."""
