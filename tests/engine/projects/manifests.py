"""Manifests to start from, and a way to ask for the mistakes of one."""

from __future__ import annotations

import re

import pytest

from engine.errors import Invalid, Mistake
from engine.projects.manifest.reader import parse_manifest

DESIGN = """\
[project]
name = "flights"                    # a-z, 0-9 and -, unique in the workspace
title = "Late arrivals"             # for people
owner = "ops@example.org"

[environment]
python = "3.11"
requirements = "requirements.txt"

[data]
extract = "flights:extract"         # extract(as_of) -> DataFrame; or command = ["Rscript", "extract.R"]
target = "late"
time = "scheduled_departure"        # event time: the holdout is the newest part, nothing leaks
key = ["flight_id"]
exclude = ["arr_delay"]             # known only afterwards: never given to train
# train is given every column but target, time, key, exclude and sensitive; features = [...] names them instead
sensitive = ["passenger_email"]     # never a feature, never in a bundle, a report or a log
source = "…"
licence = "…"
purpose = "…"

[train]
run = "flights:train"               # train(features: DataFrame, target: Series) -> estimator
timeout = "30m"
memory = "4GiB"

[validation]
holdout = "14d"                     # newest 14 days; or a fraction
metrics = ["roc_auc", "log_loss", "brier"]
segments = ["carrier", "origin"]

[[gates]]
metric = "roc_auc"
at_least = 0.70
[[gates]]
metric = "roc_auc"
not_below_live_by = 0.005           # paired bootstrap on the same rows: better, worse, or cannot tell

[schedule]
retrain = { cron = "0 3 * * mon", timezone = "America/New_York", catch_up = "latest" }
health  = { cron = "*/15 * * * *" }
report  = { cron = "0 7 * * mon" }

[approval]
approvals = 1
four_eyes = false                   # true: who made the change may not approve it
expires = "14d"

[report]
to = ["business@example.org"]
"""

SMALL = """\
[project]
name = "small"

[data]
extract = "steps:extract"
target = "y"

[train]
run = "steps:train"

[validation]
holdout = 0.2
metrics = ["roc_auc"]
"""


def with_line(text: str, key: str, line: str) -> str:
    """``text`` with the line that sets ``key`` replaced."""
    changed, times = re.subn(rf"(?m)^{key}\s*=.*$", lambda match: line, text)
    assert times == 1, (key, times)
    return changed


def mistakes(text: str) -> tuple[Mistake, ...]:
    """What is wrong with ``text``, which must be something."""
    with pytest.raises(Invalid) as caught:
        parse_manifest(text)
    return caught.value.mistakes
