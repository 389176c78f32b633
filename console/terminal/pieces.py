"""The pieces that what is written to a terminal falls into: text, style, place, and all the rest."""

from __future__ import annotations

import re

# Characters that are one cell wide everywhere; how wide the others are is for the terminal to know.
_SURE = (
    "\x20-\x7e\xa1-\xac\xae-\u02af\u0370-\u0377\u037a-\u037f\u0384-\u03ff\u0400-\u0482\u048a-\u052f\u2010-\u2027"
    "\u2030-\u205e\u20a0-\u20c0\u2190-\u22ff\u2500-\u25fc\u25ff\u2713-\u2718\u2800-\u28ff"
)
_DOUBTED = rf"[^{_SURE}\x00-\x1f\x7f-\x9f]"
# What no cell changes by: modes of keys, mouse, pasting and cursor, questions, the bell, and whatever is said to the
# terminal beside its cells (OSC: title, clipboard, pointer) but for links, which are of cells.
_UNSEEN = (
    r"\x1b\[\?(?:1|7|12|25|1000|1002|1003|1004|1006|1015|1016|2004|2048)[hl]|\x1b\[\?\d+\$p|\x1b\[[<>=][\d;]*u"
    r"|\x1b\[\d? q|\x1b\](?!8;)\d+;[^\x00-\x1f\x7f]*(?:\x07|\x1b\\)|\x07"
)
PIECES = re.compile(
    rf"(?P<text>[{_SURE}]+)(?!{_DOUBTED})"
    r"|\x1b\[(?P<sgr>[0-9;]*)m"
    r"|\x1b\[(?P<line>[1-9]\d{0,4});(?P<column>[1-9]\d{0,4})H"
    r"|\r?\n(?=(?P<elsewhere>\x1b\[[1-9]\d{0,4};[1-9]\d{0,4}H))"
    r"|(?P<whole>\x1b\[\?2026[hl])"
    rf"|(?P<unseen>{_UNSEEN})"
    rf"|(?P<doubted>[{_SURE}]?{_DOUBTED})"  # with the character before it, which it may belong to
    r"|(?P<screen>\x1b\[\?1049[hl])"
    r"|(?P<other>\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]|.)",
    re.DOTALL,
)
# What changes how everything after it is taken: insertion, margins, other characters, a reset.
LASTING = re.compile(
    r"\x1b\[[0-9;]*[hlr]|\x1b\[\?(?:[0-9;]*;)?(?:3|6|69)[hl]|\x1b\[!p|\x1b[ -/]+[0-~]|\x1bc|[\x0e\x0f]"
)
