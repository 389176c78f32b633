"""The postman: makes mail of news and takes the outbox to the mail server, in the background, while an engine runs.

On a thread of its own, for a server that hangs must hold up nothing. One round at a time; a round that is cut short
leaves rows that the next one finds.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from engine import clock
from engine.errors import LeverframeError, bug
from engine.outbox import delivery, events, mails, outbox, planned
from engine.outbox.channel import Channel
from engine.outbox.channels import CHANNELS, MAIL, recipients_in
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.withheld import environment

# To let a conversation that is under way come to its end; what takes longer is left to the machine's end of process.
PATIENCE_SECONDS = 2.0
# Before what is due is looked at again where no server is set up, or the settings have a mistake.
REST = timedelta(minutes=1)


class Postman:
    """``look`` begins a round when there is something to do; ``stop`` ends it after the mail that it is at.

    One goes for each channel, so that a service that hangs holds up no mail. That of mail makes the news letters.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        tell: Callable[[str], None],
        keep_traceback: Callable[[str], Any],
        *,
        channel: str = MAIL,
        opened: Callable[[], Channel | None] | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._kind, self._takes_news = CHANNELS[channel], channel == MAIL
        self._ledger, self._tell, self._keep_traceback = ledger, tell, keep_traceback
        self._objects, self._now = ObjectStore(workspace.objects), now
        self._opened = opened or (lambda: self._kind.opened(environment()))
        self._trouble, self._rest_until = "", now()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin a round if there is news or a mail is due; costs two small reads."""
        if self._thread is not None and self._thread.is_alive():
            return
        now = self._now()
        with self._ledger.read() as db:
            news = self._takes_news and (events.waiting(db) or planned.waiting(db))
            resting = now < self._rest_until <= now + REST  # not for years because the clock was ahead
            if not news and (resting or not outbox.due(db, now, 1, channel=self._kind.name)):
                return
        self._thread = threading.Thread(target=self._guarded, name=f"postman {self._kind.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the round that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)

    def round(self) -> None:
        """Make mail of the news (which is the mail's own postman's to do), then try what is due."""
        while self._takes_news and events.take(self._ledger, self._now(), recipients_in(environment())):
            if self._stopping.is_set():
                return
        if self._takes_news:
            planned.take(self._ledger, self._now(), recipients_in(environment()))
        self._rest_until = self._now() + REST
        channel = self._opened()
        if channel is None:
            outbox.give_up_old(self._ledger, self._now(), self._kind.name)
            return
        self._rest_until = self._now()
        self._deliver(channel)
        self._trouble = ""

    def _deliver(self, channel: Channel) -> None:
        with self._ledger.read() as db:
            due = outbox.due(db, self._now(), channel=self._kind.name)
        failed: Exception | None = None
        for number in due:
            if self._stopping.is_set():
                return
            try:
                self._told(delivery.deliver(self._ledger, self._objects, channel, number, self._now))
            except Exception as error:  # noqa: BLE001  a bug over one mail must not hold up the others
                failed = failed or error
        if failed is not None:
            raise failed

    def _told(self, mail: mails.Mail | None) -> None:
        if mail is None:
            return
        what = f"{self._kind.one} {mail.id} ({mail.subject})"
        if mail.state == "sent":
            self._tell(f"{what} was taken for {mail.recipient}.")
        elif mail.state in ("held", "gathered"):
            self._tell(f"{what} for {mail.recipient}: {mail.why}.")
        elif mail.state == "failed":
            self._tell(f"{what} is given up: {mail.why}")
        elif mail.attempts == 1:
            self._tell(f"{what} was not taken and is tried again: {mail.why}")

    def _guarded(self) -> None:
        try:
            self.round()
        except LeverframeError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001  a bug: kept, and the engine outlives it
            self._keep_traceback(traceback.format_exc())
            self._complain(bug(error, "over its mail"))

    def _complain(self, said: str) -> None:
        if said != self._trouble:
            self._trouble = said
            self._tell(said)
