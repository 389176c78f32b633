"""The manifest's ``[approval]``: how many must say yes, who may, and when not. The workspace's is read by it too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from engine.access.approval import LEAST, ROLE, Policy
from engine.access.caller import NAME
from engine.access.roles import ROLES, a_role, enough
from engine.access.windows import Window
from engine.projects.manifest.fields import Table, nearest, shown
from engine.projects.manifest.schedule import timezone_problem
from engine.text import plain
from engine.vocabulary.hours import days_of, span_of

FREEZE_FORM = 'FROM-TO [DAYS] [ZONE], such as "16:00-24:00 fri Europe/Berlin"'
MOST = 100
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=3653)


def approval(table: Table) -> Policy:
    """Who must say yes. Nothing goes live without a person, so at least one."""
    table.only("approvals", "four_eyes", "approvers", "freeze", "expires")
    default = Policy()
    people = _each(table, "approvers", approver_problem)
    if people == () and table.values.get("approvers") == []:
        table.mistake("approvers", "is empty; name people or roles, or leave it out to let every operator approve.")
    return Policy(
        approvals=table.whole("approvals", 1, 20) or default.approvals,
        four_eyes=table.flag("four_eyes", default.four_eyes),
        approvers=(tuple(sorted(people)),) if people else (),
        freeze=tuple(sorted(window_of(each) for each in _each(table, "freeze", window_problem))),
        expires=table.duration("expires", _SHORTEST, _LONGEST) or default.expires,
    )


def _each(table: Table, key: str, problem_of: Callable[[str], str | None]) -> tuple[str, ...]:
    entries = table.texts(key, most=MOST) or ()
    for index, entry in enumerate(entries):
        if problem := problem_of(entry):
            table.mistake(key, f"names {shown(entry)}{problem}", index)
    return tuple(entry for entry in entries if not problem_of(entry))


def approver_problem(word: str) -> str | None:
    """What is wrong with somebody who is named as an approver, as the rest of a sentence, or None."""
    if not word.startswith(ROLE):
        if NAME.fullmatch(word):
            return None
        return f", which is neither an operator's name nor a role; a role is written like {ROLE}admin."
    role, least = word.removeprefix(ROLE), [each for each in ROLES if enough((each,), LEAST, changes=True)]
    if role in least:
        return None
    if role in ROLES:
        return f", and {a_role(role)} approves nothing; write {' or '.join(ROLE + each for each in least)}."
    said = nearest(role, least) or f"; there are {', '.join(least)}."
    return f", which is no role{said}"


def window_problem(text: str) -> str | None:
    """What is wrong with a freeze, as the rest of a sentence, or None."""
    words = text.split()
    span = span_of(words[0]) if words else None
    if span is None:
        return f", which is no freeze; write {FREEZE_FORM}."
    if span[0] == span[1]:
        return ", which has no length; a whole day is 00:00-24:00."
    rest = words[1:]
    if rest and days_of(rest[0]) is not None:
        rest = rest[1:]
    if len(rest) > 1 or (rest and not rest[0][:1].isupper()):  # as with routes, a zone is not in small letters
        return f", in which '{plain(rest[0], 40)}' is neither days nor a zone; write {FREEZE_FORM}."
    problem = timezone_problem(rest[0]) if rest else None
    return f", whose time zone is '{plain(rest[0], 40)}', {problem}" if problem else None


def window_of(text: str) -> Window:
    """The freeze that ``text`` says, which has no problem."""
    first, *rest = text.split()
    starts, ends = span_of(first) or ("", "")
    days = days_of(rest[0]) if rest else None
    zone = rest[-1] if len(rest) > (days is not None) else "UTC"
    return Window(starts, ends, days or (), zone)
