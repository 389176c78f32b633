"""Exports: a version as ONNX or SQL for callers that hold no Python, with what running both on its holdout came to."""
