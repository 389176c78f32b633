"""The dialogs by which a version leaves: as a bundle, to another workspace, as an export for its callers."""

from __future__ import annotations

from console.acting.commands import Command
from console.acting.travel_commands import Distrust, Send, Trust, WriteBundle, WriteExport
from console.dialogs.dialog import ReasonDialog
from console.dialogs.fields import FieldsDialog
from console.dialogs.form import YES_NO, FormDialog, FormField
from console.queries.written_path import opened_in
from engine.bundles.trusted import TrustedKey
from engine.exports.targets import DIALECTS, KINDS, TARGETS
from engine.release.records import ProofStep
from engine.text import plain

DATA, WHEELS = "with its data", "with its packages"
PARTS = (FormField(DATA, "yes", YES_NO), FormField(WHEELS, "no", YES_NO))
LEFT_OUT = "Data with a sensitive column stays out whatever is written; what is left out is listed in it, with why."
FORMS = "; ".join((KINDS[0], *(f"sql {each}" for each in DIALECTS)))


def here(name: str) -> str:
    """A file or folder of that name where the console was opened."""
    return str(opened_in() / name)


class BundleDialog(FormDialog):
    """Write a version as one zip."""

    GIVEN = "To"
    BEGUN = "Each of its files is read, verified and written …"

    def __init__(self, label: str) -> None:
        said = (
            "One zip that another workspace can verify, prove and take in; signed with this workspace's key.",
            LEFT_OUT,
            "With its packages it is rebuilt there without a registry; that takes all of them to be kept here.",
        )
        file = FormField("file to write", here(f"{label.replace('@', '-')}.zip"), "a file that is not there yet")
        super().__init__(f"BUNDLE {label}", said, "write it", (file, *PARTS))
        self._label = label

    def made(self) -> Command:
        return WriteBundle(self._label, self.values[0], self.said_yes(DATA), self.said_yes(WHEELS))


class SendDialog(FormDialog):
    """Bring a version to another workspace."""

    GIVEN = "To"
    BEGUN = "It is bundled here, sent, and proven there, which may take minutes …"

    def __init__(self, label: str) -> None:
        said = (
            "It goes over SSH to the workspace that answers there, is proven, and waits there as a candidate. Both "
            "trails have it.",
            "You need a key there as an operator; nobody is asked for a password, no unknown host is taken on.",
            LEFT_OUT,
        )
        host = FormField("host", "", "test.example.org, user@host or ssh://host:2222")
        super().__init__(f"SEND {label}", said, "send it", (host, *PARTS))
        self._label = label

    def made(self) -> Command:
        return Send(self._label, self.values[0], self.said_yes(DATA), self.said_yes(WHEELS))


class ExportDialog(FormDialog):
    """Write a version for callers that hold no Python."""

    GIVEN = "As"
    BEGUN = "It takes half a minute or a few …"
    AS, FOLDER, USED_BY, FORCE, WHY = "as", "folder to make", "used by", "force", "because"

    def __init__(self, label: str) -> None:
        said = (
            "It is converted and answers the holdout; so does the version; both are compared. One that answers "
            "otherwise is not written, unless force says yes, with why: then it says so inside.",
            f"As: {FORMS}.",
        )
        fields = (
            FormField(self.AS, KINDS[0], FORMS),
            FormField(self.FOLDER, here(f"{label.replace('@', '-')}-export"), "a folder that is not there yet"),
            FormField(self.USED_BY, "", "who calls it; the list of exports tells", needed=False),
            FormField(self.FORCE, "no", YES_NO),
            FormField(self.WHY, "", "your reason, for the audit trail; needed with force", needed=False),
        )
        super().__init__(f"EXPORT {label}", said, "export it", fields)
        self._label = label

    def wrong(self) -> str | None:
        kind = " ".join(self.values[0].lower().split())
        if kind not in (*TARGETS, "sql"):
            return f"'{plain(kind, 40)}' is nothing that a version is exported to; write one of {FORMS}."
        if self.said_yes(self.FORCE) and not self.value_of(self.WHY):
            return "Say below why it is forced: in a year somebody will ask."
        return super().wrong()

    def made(self) -> Command:
        kind, _, dialect = " ".join(self.values[0].lower().split()).partition(" ")
        values = (self.value_of(self.FOLDER), self.value_of(self.USED_BY))
        return WriteExport(self._label, kind, dialect, *values, self.said_yes(self.FORCE), self.value_of(self.WHY))

    def step_done(self, step: ProofStep) -> None:
        """It tells what it begins with."""
        self.tell(f"{step.seconds:6.1f} s  {plain(step.what, 300)} …", "dim")


def trusting() -> ReasonDialog:
    """Take in what a key signs."""
    said = (
        "Whatever this key signs can be taken in here from now on, by any operator, once it is proven.",
        "Compare the key with what its workspace shows of itself (key o on this screen there, or 'leverframe trust'), "
        "on another way than the one that the bundle comes on.",
        "Below: what that workspace is called here, its line, your reason. Tab goes from one to the next.",
    )
    fields = (("", "development"), ("", "ssh-ed25519 AAAA…"))
    return FieldsDialog("TRUST A KEY", said, "trust it", fields, Trust, "Write the name and the line of the key.")


def distrusting(key: TrustedKey) -> ReasonDialog:
    """Take in nothing more of what a key signs."""
    said = (
        f"Nothing that {key.fingerprint} signs is taken in any more, from {plain(key.name)} or whoever has it.",
        "What came from there stays as it is.",
    )
    return ReasonDialog(
        f"TRUST {plain(key.name)} NO MORE", said, "trust it no more", lambda reason: Distrust(key.name, reason)
    )
