"""The model of ``serving_peers.py`` behind LitServe, which gathers requests; in an environment of its own.

LitServe looks at the annotations themselves, so they are no texts here.
"""

import os
import pickle
from pathlib import Path
from typing import Any

import litserve
import pandas as pd

FOLDER = Path(os.environ["SERVING_MODEL"])


class Flights(litserve.LitAPI):
    """Answers the rows of a request with the probability of each class."""

    def setup(self, device: str) -> None:
        self._model = pickle.loads((FOLDER / "model.pickle").read_bytes())

    def decode_request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = request["records"]
        return rows

    def batch(self, inputs: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        return inputs

    def predict(self, inputs: list[list[dict[str, Any]]]) -> list[list[list[float]]]:
        """All rows of all requests as one table, then each request its own."""
        answers = self._model.predict_proba(pd.DataFrame([row for rows in inputs for row in rows])).tolist()
        given, found = iter(answers), []
        for rows in inputs:
            found.append([next(given) for _ in rows])
        return found

    def unbatch(self, output: list[list[list[float]]]) -> list[list[list[float]]]:
        return output

    def encode_response(self, output: list[list[float]]) -> dict[str, Any]:
        return {"predictions": output}


if __name__ == "__main__":
    api = Flights(max_batch_size=64, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=int(os.environ["SERVING_WORKERS"]))
    server.run(host="127.0.0.1", port=int(os.environ["SERVING_PORT"]), num_api_servers=1, generate_client_file=False)
