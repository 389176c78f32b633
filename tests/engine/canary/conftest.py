"""Versions of a project that answers requests, of which one runs beside another."""

from __future__ import annotations

from tests.builders.served_engine import engine as engine
from tests.builders.served_engine import ledger as ledger
