"""The model of ``serving_peers.py`` as ``mlflow models serve`` wants it; in an environment of its own."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import mlflow.sklearn


def main() -> None:
    """The folder with the model, and the one to make."""
    model = pickle.loads((Path(sys.argv[1]) / "model.pickle").read_bytes())
    how = mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE
    mlflow.sklearn.save_model(model, sys.argv[2], serialization_format=how, pyfunc_predict_fn="predict_proba")


if __name__ == "__main__":
    main()
