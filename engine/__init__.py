"""Leverframe's engine: headless, and all that is true. The one door is ``engine.api``."""

__version__ = "0.1.0"
