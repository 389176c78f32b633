"""What the approval of a version takes: how many people, who, whose eyes, and when. Pure.

- What is asked is what is in force (``projects.in_force``), never what the candidate brings along.
- Of the project's policy and the workspace's the stricter holds, key by key: more people, four eyes, whoever both
  let approve, the freezes of both, the shorter expiry.
- Four eyes: nobody approves alone what they asked for, committed, or own. A commit by somebody whom the workspace does
  not know may be anybody's, so then nobody approves alone.
- In a freeze nothing goes live by an approval. An approval that is not the last one moves nothing, and may be given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import get_args

from engine.access.roles import enough
from engine.access.windows import Window, in_words, never_ends
from engine.records import Actor, Role
from engine.text import span

# What an admin who breaks the glass passes over (``release.glass``).
LETS_PASS = "the number of approvals, four eyes and freezes"
# What helps where people are missing. What is asked too much of may be asked by the workspace or by the project.
_LESS = "ask for less ('leverframe policy' says who asks for what)"
_MORE_PEOPLE = f"an admin can let more people in ('leverframe operators add'), or {_LESS}"
# How a role is written where people are named; no name has a colon.
ROLE = "role:"
_NAMED = 3
# Who may approve at all, as the act says too (``release.commands``).
LEAST: Role = "operator"


@dataclass(frozen=True)
class Policy:
    """What a release takes. ``approvers``: lists of names and roles; whoever approves stands on each of them.

    ``expires``: how long a candidate may wait.
    """

    approvals: int = 1
    four_eyes: bool = False
    approvers: tuple[tuple[str, ...], ...] = ()
    freeze: tuple[Window, ...] = ()
    expires: timedelta = timedelta(days=14)


# A workspace that asks nothing of its projects.
NOTHING_ASKED = Policy(expires=timedelta.max)


def stricter(one: Policy, other: Policy) -> Policy:
    """The policy that is met only by what meets both."""
    return Policy(
        approvals=max(one.approvals, other.approvals),
        four_eyes=one.four_eyes or other.four_eyes,
        approvers=tuple(sorted({*one.approvers, *other.approvers})),
        freeze=tuple(sorted({*one.freeze, *other.freeze})),
        expires=min(one.expires, other.expires),
    )


def value_in_words(policy: Policy, name: str) -> str:
    """One key of a policy, for people."""
    value = getattr(policy, name)
    if name == "approvers":
        return " and on ".join(", ".join(each) for each in value) or "every operator"
    if name == "freeze":
        return in_words(value) or "never"
    if isinstance(value, timedelta):
        return "no bound" if value == timedelta.max else span(value.total_seconds())
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def may_approve(policy: Policy, roles: Mapping[str, Collection[Role]]) -> frozenset[str]:
    """Those of the people with ``roles`` whom ``policy`` lets approve."""
    return frozenset(
        name
        for name, held in roles.items()
        if enough(held, LEAST, changes=True) and all(_stands_on(each, name, held) for each in policy.approvers)
    )


def _stands_on(people: Sequence[str], name: str, held: Collection[Role]) -> bool:
    roles = (_role(each) for each in people if each.startswith(ROLE))  # each means whoever may what that one may
    return name in people or any(enough(held, role, changes=True) for role in roles)


def _role(word: str) -> Role:
    said = word.removeprefix(ROLE)
    return next(role for role in get_args(Role) if role == said)


def cannot_be_met(policy: Policy, roles: Mapping[str, Collection[Role]], now: datetime) -> str | None:
    """Why no version could ever be released under ``policy`` by the people there are, with the way out, or None."""
    if never_ends(policy.freeze, now):
        freezes = in_words(policy.freeze)
        return f"its freezes ({freezes}) leave no moment in which a version may go live; an admin can {_LESS}"
    may = sorted(may_approve(policy, roles))
    alone = policy.four_eyes and len(may_approve(Policy(), roles)) == 1
    least = max(policy.approvals, 2 if alone else 1)
    if len(may) >= least:
        return None
    who = f"only {' and '.join(may)} may" if may else "nobody may"
    people = "1 person" if policy.approvals == 1 else f"{policy.approvals} people"
    wants = f"it takes {people}" if policy.approvals == least else "with four eyes it takes 2 people"
    return f"{wants} to release a version, and {who} approve; {_MORE_PEOPLE}"


@dataclass(frozen=True)
class Approval:
    """What is in force for those who approve a version, whatever it says itself, and what was given so far.

    ``may``: who may approve. ``involved``: whom four eyes keep from approving alone, each with why. ``unknown``: who
    committed its code and is nobody that the workspace knows. ``frozen_until``: when the freeze of this moment ends.
    ``broken_until``: how long the glass is broken that lets whoever asks pass most of it (``release.glass``).
    """

    policy: Policy
    may: frozenset[str]
    involved: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    given_by: tuple[str, ...] = ()
    frozen_until: datetime | None = None
    broken_until: datetime | None = None

    @property
    def needed(self) -> int:
        """How many people must approve."""
        return max(self.policy.approvals, 2 if self.policy.four_eyes and self.unknown else 1)

    @property
    def frozen_for_ever(self) -> bool:
        """Whether the freeze of this moment never ends, so that nobody need wait for it."""
        return self.frozen_until is not None and never_ends(self.policy.freeze, self.frozen_until)

    @property
    def missing_after_one(self) -> int:
        """How many more people are needed once one more has approved."""
        return max(0, self.needed - len(self.given_by) - 1)


def same_eyes(by: Actor, requested_by: str, *, four_eyes: bool) -> bool:
    """Whether ``by`` would decide on what they asked for themselves, where a second person is to."""
    return four_eyes and by.name == requested_by


def why_not_approve(label: str, approval: Approval, by: Actor) -> str | None:
    """Why ``by`` may not be one of those who approve ``label``, or None when they may.

    Two people are always four eyes: each of them sees what the other did. So they matter where one would be enough, and
    nobody else has approved it. Where less is asked by now than when they approved, who did so may again: as many as it
    takes have approved it, and nothing has made it live.
    """
    policy, name = approval.policy, by.name
    if policy.approvers and name not in approval.may:
        project, _, _ = label.partition("@")
        who = ", ".join(sorted(approval.may)) or (
            f"nobody by now; 'leverframe policy {project}' says whom and who says so, and an admin lets one of them in"
        )
        return f"{name} may not approve {label}: the policy names who may, and that is {who}."
    alone = approval.needed == 1 and not set(approval.given_by) - {name}
    if policy.four_eyes and alone and name in approval.involved:
        return f"{name} {approval.involved[name]}, and this project wants a second person to approve it."
    if name in approval.given_by and len(approval.given_by) < approval.needed:
        return f"{name} has approved {label} already; it waits for another person."
    if approval.frozen_until is not None and not approval.missing_after_one:
        if approval.frozen_for_ever:
            return (
                f"{label} cannot go live: its freezes ({in_words(policy.freeze)}) leave no moment in which it may. An "
                "admin changes that, or breaks the glass; a rollback is never frozen."
            )
        return (
            f"{label} cannot go live now: there is a freeze until {approval.frozen_until:%a %d %b %H:%M} UTC "
            f"({in_words(policy.freeze)}). Approve it then; a rollback is never frozen."
        )
    return None


def what_it_takes(approval: Approval) -> tuple[str, ...]:
    """What binds the approval of a version beyond one operator's word, in sentences."""
    policy, said = approval.policy, []
    if approval.broken_until is not None:
        return (f"The glass is broken for you until {approval.broken_until:%d %b %H:%M} UTC; everybody was told.",)
    if approval.needed > len(approval.may):
        said.append(f"As things are it cannot go live: fewer people may approve it than must; {_MORE_PEOPLE}.")
    if policy.approvers:
        said.append(f"Who may approve it: {', '.join(sorted(approval.may)) or 'nobody'}.")
    if policy.four_eyes:
        part = ", ".join(f"{name} ({why})" for name, why in sorted(approval.involved.items())) or "nobody here"
        said.append(f"Four eyes: not alone by who has a part in it: {part}.")
    if approval.unknown:
        who = ", ".join(approval.unknown[:_NAMED])
        more = f" and {len(approval.unknown) - _NAMED:,} more" if len(approval.unknown) > _NAMED else ""
        alone = ", so that nobody approves it alone" if policy.four_eyes else ""
        addresses = any("@" in each for each in approval.unknown)
        how = " An admin says whose an address is ('leverframe operators emails add')." if addresses else ""
        said.append(f"Nobody knows whose it is: {who}{more}{alone}.{how}")
    if approval.frozen_for_ever:
        said.append(f"Frozen at every moment: {in_words(policy.freeze)}.")
    elif approval.frozen_until is not None:
        said.append(f"Frozen until {approval.frozen_until:%a %d %b %H:%M} UTC.")
    elif policy.freeze:
        said.append(f"Nothing goes live by an approval in {in_words(policy.freeze)}.")
    return tuple(said)
