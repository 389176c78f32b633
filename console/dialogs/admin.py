"""The dialogs of an admin's day: what each says before it does it, and what it asks for."""

from __future__ import annotations

from typing import get_args

from console.acting.admin_commands import (
    AddProject,
    BindKey,
    ChangeRole,
    Choose,
    Disable,
    Enable,
    Hold,
    LetIn,
    ReleaseHold,
    RemoveProject,
    SetPolicy,
    Unwatch,
    Watch,
    Withdraw,
)
from console.dialogs.dialog import ReasonDialog
from console.dialogs.field import FieldDialog
from console.dialogs.fields import FieldsDialog
from console.dialogs.typed import TypedDialog
from engine.access.roles import a_role
from engine.housekeeping.places import KINDS, WatchedFolder
from engine.housekeeping.settings import Setting
from engine.projects.allowances import Allowance
from engine.projects.policy import PolicyLine
from engine.records import Operator, Role
from engine.release.records import ProofStep
from engine.text import plain

ROLES = (
    "A viewer looks and comments; an operator retrains, decides and rolls back; an admin also decides about people, "
    "settings and projects; an auditor looks at everything, exports it and changes nothing."
)
POLICY_FORMS = {
    "approvals": "a number, such as 2", "four_eyes": "yes or no", "approvers": "such as ada, role:admin",
    "freeze": "such as 16:00-24:00 fri Europe/Berlin; more than one with ;", "expires": "such as 7d",
}  # fmt: skip


def letting_in() -> ReasonDialog:
    """Let somebody work here."""
    said = (
        "Whoever has the key may work here from now on; b binds one later.",
        ROLES,
        "Below: the name, the role, the line of their public key if you have it, your reason. Tab goes from one to the "
        "next.",
    )
    fields = (("", "name"), ("operator", "role"), ("", "public key, such as ssh-ed25519 AAAA…; may be left empty"))
    return FieldsDialog("LET SOMEBODY IN", said, "let them in", fields, LetIn, "Write who, and as what.", optional=1)


def changing_role(found: Operator) -> ReasonDialog:
    """Let somebody be another."""
    said = (
        f"{found.name} is {a_role(found.role)} here. The new role holds from their next act on.",
        ROLES,
        f"Below: the role ({', '.join(get_args(Role))}), your reason. Tab goes from one to the other.",
    )
    return FieldsDialog(
        f"CHANGE THE ROLE OF {found.name}", said, "change it", [(found.role, "role")],
        lambda role, reason: ChangeRole(found.name, role, reason), "Write the role.",
    )  # fmt: skip


def disabling(name: str) -> ReasonDialog:
    """Keep somebody from working here."""
    said = (
        f"{name} may not work here from their next act on, whatever they have open. What they decided stays theirs.",
        "Their keys and accounts stay bound to them; u lets them work here again.",
    )
    return ReasonDialog(f"DISABLE {name}", said, "disable them", lambda reason: Disable(name, reason))


def enabling(found: Operator) -> ReasonDialog:
    """Let somebody work here again."""
    said = (f"{found.name} may work here again, as {a_role(found.role)}.",)
    return ReasonDialog(f"ENABLE {found.name}", said, "enable them", lambda reason: Enable(found.name, reason))


def binding(name: str) -> ReasonDialog:
    """Let a key prove somebody."""
    said = (
        f"Whoever has the private half of this key is {name} here from now on. A key proves one person only.",
        f"It is refused again with 'leverframe operators keys remove {name} FINGERPRINT'.",
        "Below: the line of the public key, your reason. Tab goes from one to the other.",
    )
    return FieldsDialog(
        f"BIND A KEY TO {name}", said, "bind it", [("", "public key, such as ssh-ed25519 AAAA…")],
        lambda key, reason: BindKey(name, key, reason), "Write the line of the public key.",
    )  # fmt: skip


def setting_of(setting: Setting) -> ReasonDialog:
    """Give a setting another value."""
    said = (
        f"{setting.name}: {setting.meaning}.",
        f"It is {setting.text} now, {'as somebody chose' if setting.chosen else 'the default'}. "
        "The new value holds at once and for everybody; the word default takes a choice back.",
        "Below: the value, your reason. Tab goes from one to the other.",
    )
    return FieldsDialog(
        f"SET {setting.name}", said, "set it", [("", f"now {setting.text}")],
        lambda value, reason: Choose(setting.name, value, reason), "Write the value, or default.",
    )  # fmt: skip


def asking(line: PolicyLine) -> ReasonDialog:
    """Ask something else of every project."""
    of = f"for {line.project}, and {line.said_by} says so" if line.project else "for every project"
    said = (
        f"{line.name}: {line.meaning}.",
        f"It is {line.text} now {of}. What you write is asked of every project from now on, also of what waits; a "
        "project's own leverframe.toml may ask for more. The word default asks nothing.",
        "Below: the value, your reason. Tab goes from one to the other.",
    )
    return FieldsDialog(
        f"SET {line.name} FOR EVERY PROJECT", said, "set it", [("", POLICY_FORMS[line.name])],
        lambda value, reason: SetPolicy(line.name, value, reason), "Write the value, or default.",
    )  # fmt: skip


def watching() -> ReasonDialog:
    """Watch another folder."""
    said = (
        "The folder is looked at with the workspace from the next scan on; nothing in it is ever changed or cleaned.",
        f"Below: its whole path on the server, what it holds ({', '.join(KINDS)}), your reason. "
        "Tab goes from one to the next.",
    )
    fields = (("", "/var/log"), (KINDS[0], "what it holds"))
    return FieldsDialog("WATCH A FOLDER", said, "watch it", fields, Watch, "Write which folder, and what it holds.")


def unwatching(place: WatchedFolder) -> ReasonDialog:
    """Watch a folder no longer."""
    said = (f"{place.path} is left out from the next scan on. Nothing in it is touched.",)
    return ReasonDialog(
        "WATCH NO LONGER", said, "watch it no longer", lambda reason: Unwatch(place.path, reason)
    )


def withdrawing(allowance: Allowance) -> ReasonDialog:
    """End what a project's steps were allowed."""
    project = allowance.project
    said = (
        f"From the next run on the steps of {project} may reach what is in force for it, and no more. "
        "What runs now goes on.",
        *(f"· {plain(each)}" for each in allowance.what),
        "A run that asks for it again is stopped before its first step, until an admin allows it anew.",
    )
    return ReasonDialog(
        f"WITHDRAW WHAT {project} WAS ALLOWED", said, "withdraw it", lambda reason: Withdraw(project, reason)
    )


def holding(label: str) -> ReasonDialog:
    """Keep a version's content."""
    said = (
        f"The content of {label} is kept whatever its age: no clean-up touches it until an admin releases the hold.",
        "What is live does not change.",
    )
    return ReasonDialog(f"HOLD {label}", said, "hold it", lambda reason: Hold(label, reason))


def releasing(label: str) -> ReasonDialog:
    """Release a hold."""
    said = (
        f"{label} is judged by its age again, like any version: a clean-up may move its content to the bin.",
        "Nothing is removed now.",
    )
    return ReasonDialog(f"RELEASE THE HOLD ON {label}", said, "release it", lambda reason: ReleaseHold(label, reason))


def removing(project: str) -> ReasonDialog:
    """Take a project off the list."""
    said = (
        f"{project} goes off the list: its schedules start nothing any more, and nobody looks at its health.",
        "Its versions, its history and its live folder stay; adding it again finds them.",
    )
    return TypedDialog(
        f"REMOVE {project}", said, "remove it", project, "the project's name",
        lambda confirmed, reason: RemoveProject(project, confirmed, reason),
    )  # fmt: skip


class AddDialog(FieldDialog):
    """One field, for a folder; what the check finds is told as it is found."""

    GIVEN = "Folder"
    NOTHING = "Write the path of the project's folder."
    BEGUN = "Its steps run once on a sample …"

    def __init__(self) -> None:
        said = (
            "The folder holds the project's leverframe.toml and is in Git or Subversion. It is checked first: its "
            "steps run once on a sample, which leaves nothing behind. Whatever fails there keeps it off the list.",
            "What its steps ask to reach (files, the network, secrets) is then in force; nothing is retrained yet.",
            "Below: the whole path of the folder, on the server.",
        )
        super().__init__("ADD A PROJECT", said, "check it and add it", AddProject, "/srv/projects/flights")

    def step_done(self, step: ProofStep) -> None:
        """A finding; its last one is said once, by the engine's answer."""
        if not step.what.startswith("failed: "):
            self.tell(f"· {plain(step.what, 300)}", "dim")
