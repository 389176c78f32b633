"""Which token opens what, in memory, for a server that is asked a thousand times a second.

``TokenBook.allows`` reads the ledger again only when somebody committed to it, so a token that was revoked is refused
at the next request, and one that was made is taken. Whatever is written (that a token was used, that wrong ones came)
waits for ``settle``, which a thread of the server calls now and then; no request waits for the disk.
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.access import token_table, token_text
from engine.access.caller import SystemActor, account
from engine.access.token_records import Scope, Token
from engine.audit import flood
from engine.errors import LeverframeError
from engine.storage.ledger import Ledger
from engine.text import plain

WINDOW = timedelta(minutes=1)
WRONG_IN_WINDOW = 20
MOST_SOURCES = 1000
# What a presented token is compared with where there is none of its mark, so that both take the same time.
_NOBODYS = "0" * 64


@dataclass(frozen=True)
class Program:
    """A caller that is a program, which came with a token; an ``Actor`` for the trail."""

    name: str
    account: str


@dataclass(frozen=True)
class Allowed:
    """It may. ``name`` and ``mark`` are the token's, for the request log; neither is a secret."""

    name: str
    mark: str

    @property
    def actor(self) -> Program:
        """Whoever came with it, as the trail has them; no person's name has a space."""
        return Program(f"token {self.name}", f"token {self.mark}")


@dataclass(frozen=True)
class Why:
    """It may not, with the ``status`` of the answer over HTTP, and after how many seconds to ask again, if ever."""

    sentence: str
    status: int
    retry_after: int | None = None


_NO_TOKEN = Why("No token came with this; send the header 'Authorization: Bearer TOKEN'.", 401)
_WRONG = Why("This token opens nothing here; 'leverframe tokens list' shows those that do.", 401)


@dataclass
class _Tries:
    """Wrong tokens that came from one place since then."""

    since: datetime
    count: int = 0


class TokenBook:
    """The tokens of a workspace. ``allows`` and ``settle`` may be called from any thread.

    ``marker``: what changes with each commit, where something quicker than the ledger knows it.
    """

    def __init__(self, ledger: Ledger, marker: Callable[[], int] | None = None) -> None:
        self._ledger, self._marker = ledger, marker or ledger.marker
        # A thread each: the marker of a ledger is that of its connection, and one thread's older look must not take the
        # place of another's newer one.
        self._seen = threading.local()
        self._guard = threading.Lock()
        self._used: dict[tuple[str, str], datetime] = {}
        self._noted: dict[tuple[str, str], str] = {}
        self._tries: dict[str, _Tries] = {}
        self._turned_away: Counter[str] = Counter()

    def allows(
        self, presented: str | None, project: str | None, scope: Scope, now: datetime, *, source: str = ""
    ) -> Allowed | Why:
        """Whether ``presented`` opens ``scope`` of ``project``, or of the whole workspace for None.

        ``source``: from where the request came, by which wrong tokens are counted. Where the ledger cannot be read it
        opens nothing.
        """
        if not presented:
            return _NO_TOKEN
        try:
            held = self._now()
        except LeverframeError:
            return Why("Whether this token holds cannot be told now: the ledger cannot be read; try again.", 503, 5)
        mark = token_text.mark_of(presented)
        digest, token = held.get(mark or "", (_NOBODYS, None))
        same = mark is not None and hmac.compare_digest(token_text.digest_of(presented), digest)
        if token is None or not same:
            return self._wrong(source, now)
        if not token.holds(now):
            how = {"revoked": "was revoked", "replaced": "was replaced"}.get(token.standing(now), "ended")
            return Why(f"The token '{token.name}' {how} on {token.until:%d %b %Y at %H:%M} UTC; ask for another.", 401)
        if (why := token.why_not(project, scope)) is not None:
            return Why(why, 403)
        self._used[token.mark, project or ""] = now
        return Allowed(token.name, token.mark)

    def _now(self) -> Mapping[str, tuple[str, Token]]:
        marker = self._marker()
        if marker != getattr(self._seen, "marker", None):
            with self._ledger.read() as db:
                self._seen.held = token_table.digests(db)
            self._seen.marker = marker  # Of before it was read: what is committed meanwhile is read once more.
        held: Mapping[str, tuple[str, Token]] = self._seen.held
        return held

    def _wrong(self, source: str, now: datetime) -> Why:
        """Count a wrong token. Whoever holds a right one is let in however many come from the same place: behind a
        proxy all come from one, and nobody is to lock the others out."""
        with self._guard:
            if source not in self._tries and len(self._tries) >= MOST_SOURCES:
                self._forget_old(now)
            known = source if source in self._tries or len(self._tries) < MOST_SOURCES else ""
            tries = self._tries.setdefault(known, _Tries(now))
            if not tries.since <= now < tries.since + WINDOW:
                tries.since, tries.count = now, 0
            tries.count += 1
            self._turned_away[known] += 1
            if tries.count <= WRONG_IN_WINDOW:
                return _WRONG
            wait = max(1, round((tries.since + WINDOW - now).total_seconds()))
        return Why(f"Too many wrong tokens came from there; try again in {wait} s.", 429, wait)

    def _forget_old(self, now: datetime) -> None:
        for source in [each for each, tries in self._tries.items() if now - tries.since >= WINDOW]:
            del self._tries[source]

    def settle(self, now: datetime) -> None:
        """Write down which tokens were used, once a day each, and in one row of the trail how many wrong ones came.

        Raises what the ledger does; what could not be written is written the next time.
        """
        with self._guard:
            used = {what: at for what, at in list(self._used.items()) if self._noted.get(what) != _day(at)}
            turned_away, self._turned_away = self._turned_away, Counter()
        if not used and not turned_away:
            return
        try:
            with self._ledger.write(lasting=False) as db:
                token_table.note_uses(db, ((*what, at) for what, at in used.items()))
                if turned_away:
                    source, most = turned_away.most_common(1)[0]
                    flood.append_or_fold(
                        db, at=now, actor=SystemActor("the scoring server", account()), action="turned-away",
                        subject="wrong token",
                        details={"requests": turned_away.total(), "from": plain(source, 60), "from_there": most},
                    )  # fmt: skip
        except LeverframeError:
            with self._guard:
                self._turned_away.update(turned_away)
            raise
        self._noted.update({what: _day(at) for what, at in used.items()})


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
