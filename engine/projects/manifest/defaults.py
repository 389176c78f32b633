"""What holds where a manifest is silent and the queue has to know. Apart from the records, which take 6 ms to load."""

from __future__ import annotations

from datetime import timedelta

TRAIN_MEMORY = 4 * 2**30
RETRIES = 0
RETRY_AFTER = timedelta(minutes=1)
