"""What the door to the engine offers about versions that travel; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.bundles.looking import BundleLook
    from engine.bundles.registering import Arrival
    from engine.bundles.sending import Sent
    from engine.bundles.trusted import TrustedKey
    from engine.bundles.whereabouts import Arrived, Stage
    from engine.bundles.writing import Bundle
    from engine.records import Change
    from engine.release.records import ProofStep
    from engine.versions.origins import Origin

OnStep = Callable[["ProofStep"], None]
_KEYS = "it would go out with the keys of the service's account"


def _silent(step: ProofStep) -> None:
    """Tell nobody."""


class BundleCommands(Door):
    """Bundles: writing and taking in, and whose are taken in. Imports what it needs when it is called."""

    if TYPE_CHECKING:  # Who vouches for a project is the door's to say.

        def _vouches(self) -> bool: ...

    @changes("bundle versions", least="operator", of="label")
    def bundle(
        self, label: str, target: Path | IO[bytes], *, data: bool = True, wheels: bool = False
    ) -> Bundle:
        """Write a version as one zip: to ``target``, a file that must not exist, or one that is open.

        ``data``: whether what it was made from is to be in it; ``wheels``: whether its packages are, if all are kept.
        """
        from engine.bundles.leaving import bundle
        from engine.bundles.writing import Wanted

        now, wanted = clock.now(), Wanted(data, wheels)
        return bundle(self._workspace, self._ledger, self._store, label, target, self.caller, now, wanted)

    @changes("bundle versions", least="operator", of="label")
    def write_data(self, label: str, folder: Path) -> int:
        """Write the data of a version to the new folder ``folder``, for a bundle that leaves it out; how many files."""
        from engine.bundles.leaving import write_data

        return write_data(self._ledger, self._store, label, folder, self.caller, clock.now())

    @changes("send versions", least="operator", of="label", machine=_KEYS)
    def send(
        self, label: str, host: str, *, data: bool = True, wheels: bool = False, config: Path | None = None
    ) -> Sent:
        """Bring a version to the workspace that answers at ``host`` over SSH; ``config``: a file for ``ssh -F``."""
        from engine.bundles.sending import send
        from engine.bundles.writing import Wanted

        now, wanted = clock.now(), Wanted(data, wheels)
        return send(self._workspace, self._ledger, self._store, label, host, self.caller, now, wanted, config)

    @looks("see where versions are")
    def where(self, what: str) -> tuple[Stage, ...]:
        """What this workspace has of a version, by its label or its digest."""
        from engine.bundles import whereabouts

        with self._ledger.read() as db:
            return (whereabouts.Stage(None, whereabouts.here(db, whereabouts.digest_of(db, what))),)

    @looks("ask other workspaces", least="operator", in_past=False, machine=_KEYS)
    def where_else(self, what: str, hosts: tuple[str, ...] = (), *, config: Path | None = None) -> tuple[Stage, ...]:
        """What the workspaces at ``hosts`` say of it, and those that it was sent on to from there, from host to host;
        without any those that it was sent to from here are asked first."""
        from engine.bundles import whereabouts
        from engine.bundles.onward import Answer, everywhere
        from engine.bundles.over_ssh import ANSWER_SECONDS, ask

        with self._ledger.read() as db:
            digest = whereabouts.digest_of(db, what)
        own, sent = self.sent_on(what)

        def asking(host: str) -> Answer:
            told = ask(host, ["where", digest, "--here"], None, config, ANSWER_SECONDS)
            return Answer(*whereabouts.read_answer(told))

        return everywhere(hosts or sent, own, asking)

    @looks("ask other workspaces", least="operator", in_past=False)
    def sent_on(self, what: str) -> tuple[str, tuple[str, ...]]:
        """What this workspace is known by (the first digest of its trail), and the hosts that a version was sent to."""
        from engine.audit import trail
        from engine.bundles import whereabouts

        with self._ledger.read() as db:
            hosts = whereabouts.sent_to(db, whereabouts.digest_of(db, what))
            return str(trail.digest_of(db, 1)), hosts

    @changes("take versions in", least="operator")
    def take_in(self, source: Path | IO[bytes], *, data: Path | None = None, on_step: OnStep = _silent) -> Arrival:
        """Take in a bundle, proven here, as a candidate. ``data``: the folder with its data, where that is absent."""
        return self._take_in(source, None, data, on_step)

    @changes("take versions in despite what is known of them", least="admin")
    def take_in_despite(
        self, source: Path | IO[bytes], reason: str, *, data: Path | None = None, on_step: OnStep = _silent
    ) -> Arrival:
        """The same of one that is barred or was rejected here or there, or is older than one that is barred here."""
        return self._take_in(source, checked_reason(reason), data, on_step)

    def _take_in(
        self, source: Path | IO[bytes], despite: str | None, data: Path | None, on_step: OnStep
    ) -> Arrival:
        from engine.bundles.registering import Request
        from engine.bundles.taking_in import take_in

        request = Request(self.caller, self._vouches(), despite, data)
        return take_in(self._workspace, self._ledger, self._store, source, request, on_step)

    @looks("look into bundles", least="operator", in_past=False)
    def look_into(self, source: Path) -> BundleLook:
        """What the bundle in the file ``source`` says of itself, and what would keep it from being taken in."""
        from engine.bundles.looking import look_into

        return look_into(self._workspace, self._ledger, self._store, source)

    @looks("see where versions came from")
    def arrivals(self, *, limit: int = 100) -> tuple[Arrived, ...]:
        """What came in from elsewhere, the newest first, each with what became of it here."""
        from engine.bundles.whereabouts import arrived

        with self._ledger.read() as db:
            return arrived(db, limit)

    @looks("compare versions", in_past=False)
    def compare(self, old: Path | str, new: Path | str) -> tuple[Change, ...]:
        """What differs between two versions, each a bundle or a label here; their figures too."""
        from engine.bundles.comparing import differences

        with self._ledger.read() as db:
            return differences(db, self._store, old, new)

    @looks("see where versions came from", of="label")
    def origin(self, label: str) -> Origin | None:
        """Where a version came from; None when it was made here."""
        from engine.versions import catalog, origins

        with self._ledger.read() as db:
            catalog.find(db, label)
            return origins.of_version(db, label)

    @looks("see whose bundles are trusted")
    def trusted_keys(self) -> tuple[TrustedKey, ...]:
        """Whose bundles are taken in here, by name."""
        from engine.bundles import trusted

        with self._ledger.read() as db:
            return trusted.everything(db)

    @looks("see whose bundles are trusted", in_past=False)
    def bundle_key(self) -> tuple[str, str]:
        """The fingerprint of this workspace's own key, which is made when there is none, and its line."""
        from engine.bundles import key

        own = key.own(self._workspace.root)
        return own.fingerprint, own.line

    @changes("trust keys", least="admin")
    def trust(self, name: str, key: str, reason: str) -> TrustedKey:
        """Take in what is signed by ``key``, that of a workspace which is called ``name`` here. Raises Invalid,
        Conflict."""
        from engine.bundles import trusted
        from engine.bundles.key import public_key

        return trusted.add(self._ledger, public_key(key), name, checked_reason(reason), self.caller, clock.now())

    @changes("trust keys", least="admin")
    def distrust(self, name: str, reason: str) -> None:
        """Take in nothing any more that is signed by the key of ``name``. Raises NotFound."""
        from engine.bundles import trusted

        trusted.remove(self._ledger, name, checked_reason(reason), self.caller, clock.now())
