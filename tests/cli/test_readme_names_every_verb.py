"""Every verb stands in the README's reference, and the reference names no verb that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from console.cli.root import VERBS

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_names_every_verb_and_no_other() -> None:
    rows = [line for line in README.read_text("utf-8").splitlines() if line.startswith("| `leverframe")]
    named = set(re.findall(r"`leverframe ([a-z]+)", "\n".join(rows)))
    assert named == set(VERBS)
