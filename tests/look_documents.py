"""Documents of looks for tests, of what matters to them: what every document has is put beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.json_records import read
from engine.monitoring.look_document import LookDocument

DRIFT = {"kind": "number", "n_reference": 1000, "n_current": 900}
PERIODS = {
    "days": 7, "periods": [], "rows": 0, "labelled": 0, "outside": 0, "bound": 0.8, "settled": None, "live": [],
    "window": [], "window_start": None, "sentence": "",
}  # fmt: skip
SLICES: dict[str, Any] = {"metric": "roc_auc", "found": [], "tried": 1, "rows": 0, "left_out": {}, "sentence": ""}
SLICE: dict[str, Any] = {
    "n": 0, "share": 0.1, "metric": "roc_auc", "value": None, "low": None, "high": None, "rest": None,
    "difference": None, "difference_low": None, "difference_high": None, "trend": "cannot tell",
}  # fmt: skip
VALIDATED = {"low": None, "high": None, "n": 0}


def slices(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**SLICES, **found, "found": [{**SLICE, **each} for each in found.get("found", ())]}


def look_document(said: Mapping[str, Any]) -> LookDocument:
    """``said`` as a whole document."""
    whole = dict(said)
    whole["drift"] = [{**DRIFT, **each} for each in said.get("drift", ())]
    if said.get("prediction"):
        whole["prediction"] = {**DRIFT, **said["prediction"]}
    if said.get("together"):
        whole["together"] = {**DRIFT, **said["together"]}
    whole["metrics"] = {name: {"metric": name, **each} for name, each in said.get("metrics", {}).items()}
    whole["validated"] = {name: each and {**VALIDATED, **each} for name, each in said.get("validated", {}).items()}
    if said.get("periods"):
        periods = [{"over": True, **each} for each in said["periods"].get("periods", ())]
        whole["periods"] = {**PERIODS, **said["periods"], "periods": periods}
    if said.get("slices"):
        whole["slices"] = slices(said["slices"])
    whole["by"] = {name: slices(each) for name, each in said.get("by", {}).items()}
    return read(LookDocument, whole, "A look of the tests")
