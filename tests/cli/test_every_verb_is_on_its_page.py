"""Every verb stands in docs/verbs.md, and that page names no verb that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from console.cli.root import VERBS

PAGE = Path(__file__).resolve().parents[2] / "docs/verbs.md"


def test_the_page_names_every_verb_and_no_other() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `leverframe")]
    named = set(re.findall(r"`leverframe ([a-z]+)", "\n".join(rows)))
    assert named == set(VERBS)
