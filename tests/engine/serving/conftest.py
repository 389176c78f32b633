"""Three versions of a project that answers requests, and what is needed to make them live."""

from __future__ import annotations

from tests.builders.served_engine import engine as engine
from tests.builders.served_engine import ledger as ledger
