"""Say something of a version: it is kept and shown, and decides nothing."""

from __future__ import annotations

from console.acting.commands import Comment
from console.dialogs.field import FieldDialog


class CommentDialog(FieldDialog):
    """One field; what the engine refuses is written anew."""

    GIVEN = "Comment"
    NOTHING = "Write what you want to say."

    def __init__(self, label: str) -> None:
        said = (
            f"What you write stands on the card of {label}, for whoever decides, with your name. It decides nothing.",
            "It is kept for ever, in the audit trail too, so name nobody whom the data is about.",
        )
        super().__init__(
            f"COMMENT ON {label}", said, "keep it", lambda text: Comment(label, text), "what you want to say"
        )
