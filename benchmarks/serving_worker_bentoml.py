"""The model of ``serving_peers.py`` behind BentoML, which gathers requests; in an environment of its own."""

import os
import pickle
from pathlib import Path
from typing import Any

import bentoml
import pandas as pd

FOLDER = Path(os.environ["SERVING_MODEL"])


@bentoml.service(workers=int(os.environ["SERVING_WORKERS"]), traffic={"timeout": 30})
class Flights:
    """Answers rows with the probability of each class."""

    def __init__(self) -> None:
        self._model = pickle.loads((FOLDER / "model.pickle").read_bytes())

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=1024, max_latency_ms=1000)
    def predict(self, rows: list[dict[str, Any]]) -> list[list[float]]:
        """``rows``: those of all the requests that wait."""
        answer: list[list[float]] = self._model.predict_proba(pd.DataFrame(rows)).tolist()
        return answer
