"""The tokens in the ledger: made, replaced, revoked, seen in use. Only this file reads and writes their tables.

Of a token's text only the digest gets here; no row, no entry of the trail and no log has the rest.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from engine.access import token_text
from engine.access.caller import Caller
from engine.access.token_records import LONGEST, LONGEST_OVERLAP, SCOPES, NewToken, Scope, Token
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.storage.ledger import Ledger
from engine.text import plain

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_TOKENS = "SELECT tokens.*, (SELECT max(at) FROM token_uses WHERE token = tokens.id) AS used FROM tokens"


def everything(db: sqlite3.Connection) -> tuple[Token, ...]:
    """All that there ever were, by name, the newest of a name first."""
    return tuple(map(_record, db.execute(f"{_TOKENS} ORDER BY name, id DESC")))


def digests(db: sqlite3.Connection) -> dict[str, tuple[str, Token]]:
    """The digest of each token, with what it is, by its mark."""
    return {row["mark"]: (row["digest"], _record(row)) for row in db.execute(_TOKENS)}


def called(db: sqlite3.Connection, which: str) -> tuple[Token, ...]:
    """Those that ``which`` names: the name of some, or the mark of one; none where it names nothing."""
    found = db.execute(f"{_TOKENS} WHERE name = :which OR mark = :which ORDER BY id DESC", {"which": which})
    return tuple(map(_record, found))


def make(
    ledger: Ledger,
    by: Caller,
    name: str,
    scopes: Sequence[str],
    projects: Sequence[str],
    ends_at: datetime,
    reason: str,
    now: datetime,
) -> NewToken:
    """Make a token. ``projects`` must be known, which the caller sees to; none are all.

    Raises Invalid, and Conflict where one of that name holds.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(f"'{plain(name, 40)}' cannot name a token; use up to 40 of a-z, 0-9, '.', '_' and '-'.")
    _refuse_end(ends_at, now)
    wanted = _checked_scopes(scopes)
    token = _drawn(name, wanted, tuple(dict.fromkeys(projects)), by.name, reason, now, ends_at)
    with ledger.write() as db:
        for each in called(db, name):
            if each.holds(now):
                raise Conflict(
                    f"There is a token '{name}' already, {each.mark}: 'leverframe tokens rotate {name}' makes one that "
                    "takes its place; or give this one another name."
                )
        _insert(db, token)
        details = _said(token.token)
        trail.append(db, at=now, actor=by, action="make-token", subject=name, reason=reason, details=details)
    return token


def rotate(
    ledger: Ledger, by: Caller, name: str, overlap: timedelta, ends_at: datetime | None, reason: str, now: datetime
) -> NewToken:
    """Make one that takes the place of the token ``name``, which goes on for ``overlap``, and at most to its end.

    It may what that one may. ``ends_at`` None: it lasts as long as that one was made for. Raises Invalid, NotFound.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"The old token can go on for 0s to {LONGEST_OVERLAP.days}d, not for that long.")
    if ends_at is not None:
        _refuse_end(ends_at, now)
    with ledger.write() as db:
        old = _newest(db, name, now)
        end = ends_at if ends_at is not None else now + (old.ends_at - old.made_at)
        token = _drawn(old.name, old.scopes, old.projects, by.name, reason, now, end)
        _insert(db, token)
        db.execute(
            "UPDATE tokens SET replaced_at = ?, replaced_said = ?, replaced_by = ? WHERE mark = ?",
            (stamp(now + overlap), stamp(now), by.name, old.mark),
        )
        details = _said(token.token) | {"replaces": old.mark, "until": stamp(min(now + overlap, old.until))}
        trail.append(db, at=now, actor=by, action="rotate-token", subject=old.name, reason=reason, details=details)
    return token


def revoke(ledger: Ledger, by: Caller, which: str, reason: str, now: datetime) -> tuple[Token, ...]:
    """End what ``which`` names at once: every token of a name that holds, or the one of a mark. Raises NotFound."""
    with ledger.write() as db:
        held = [each for each in called(db, which) if each.holds(now)]
        if not held:
            raise _none(db, which, now)
        for each in held:
            db.execute(
                "UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE mark = ?", (stamp(now), by.name, each.mark)
            )
        details = {"tokens": [each.mark for each in held]}
        trail.append(
            db, at=now, actor=by, action="revoke-token", subject=held[0].name, reason=reason, details=details
        )  # fmt: skip
        marks = {each.mark for each in held}
        return tuple(each for each in called(db, held[0].name) if each.mark in marks)


def note_uses(db: sqlite3.Connection, uses: Iterable[tuple[str, str, datetime]]) -> None:
    """Write down that a mark opened something of a project ('': of the whole workspace) then, of each day the first
    time, in the caller's transaction."""
    for mark, project, at in uses:
        db.execute(
            "INSERT OR IGNORE INTO token_uses (token, project, day, at) SELECT id, ?, ?, ? FROM tokens WHERE mark = ?",
            (project, stamp(at)[:10], stamp(at), mark),
        )


def in_use(db: sqlite3.Connection, since: datetime) -> tuple[tuple[str, Token], ...]:
    """What opened anything since then: each project ('': the whole workspace) with each such token, the newest last."""
    rows = db.execute(
        "SELECT project, tokens.*, max(at) AS used FROM token_uses JOIN tokens ON tokens.id = token WHERE at >= ?"
        " GROUP BY project, tokens.id ORDER BY tokens.id",
        (stamp(since),),
    )
    return tuple((row["project"], _record(row)) for row in rows)


def _newest(db: sqlite3.Connection, name: str, now: datetime) -> Token:
    for each in called(db, name):
        if each.holds(now) and each.replaced_at is None:
            return each
    raise _none(db, name, now)


def _none(db: sqlite3.Connection, which: str, now: datetime) -> NotFound:
    there = list(dict.fromkeys(each.name for each in everything(db) if each.holds(now)))
    known = f"those that hold: {', '.join(there[:20])}" if there else "none holds"
    return NotFound(f"No token '{plain(which, 40)}' holds here, so nothing was done; {known}.")


def _drawn(
    name: str, scopes: tuple[Scope, ...], projects: tuple[str, ...], by: str, reason: str, at: datetime, end: datetime
) -> NewToken:
    text = token_text.draw()
    mark = token_text.mark_of(text) or ""
    return NewToken(Token(name, mark, scopes, projects, at, by, reason, end), text)


def _insert(db: sqlite3.Connection, made: NewToken) -> None:
    token = made.token
    db.execute(
        "INSERT INTO tokens (name, mark, digest, scopes, projects, made_at, made_by, reason, ends_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            token.name, token.mark, token_text.digest_of(made.text), " ".join(token.scopes),
            json.dumps(token.projects) if token.projects else None, stamp(token.made_at), token.made_by, token.reason,
            stamp(token.ends_at),
        ),
    )  # fmt: skip


def _said(token: Token) -> dict[str, object]:
    return {
        "token": token.mark, "scopes": list(token.scopes), "projects": list(token.projects) or "all",
        "ends": stamp(token.ends_at),
    }  # fmt: skip


def _refuse_end(ends_at: datetime, now: datetime) -> None:
    if ends_at <= now:
        raise Invalid(f"{ends_at:%d %b %Y %H:%M} UTC is over; say until when the token is to hold.")
    if ends_at - now > LONGEST:
        raise Invalid(
            f"{ends_at:%d %b %Y} is more than a year from now, and no token holds longer; name an earlier end, "
            "and rotate the token then."
        )


def _checked_scopes(given: Sequence[str]) -> tuple[Scope, ...]:
    wrong = [each for each in given if each not in SCOPES]
    if wrong or not given:
        said = f"'{plain(wrong[0], 40)}' is nothing that a token is for" if wrong else "A token has to be for something"
        raise Invalid(f"{said}; it is for one or more of {', '.join(SCOPES)}.")
    return tuple(each for each in SCOPES if each in given)


def _record(row: sqlite3.Row) -> Token:
    return Token(
        name=row["name"],
        mark=row["mark"],
        scopes=tuple(row["scopes"].split()),
        projects=tuple(json.loads(row["projects"])) if row["projects"] is not None else (),
        made_at=moment(row["made_at"]),
        made_by=row["made_by"],
        reason=row["reason"],
        ends_at=moment(row["ends_at"]),
        replaced_at=_moment(row["replaced_at"]),
        replaced_said=_moment(row["replaced_said"]),
        replaced_by=row["replaced_by"],
        revoked_at=_moment(row["revoked_at"]),
        revoked_by=row["revoked_by"],
        used=_moment(row["used"]),
    )


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text is not None else None
