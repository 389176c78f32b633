"""Screens and dialogs about versions that travel, each loaded when it is opened; the rest are in ``routes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from textual.screen import Screen

    from console.text.bundle_lines import Place
    from engine.bundles.trusted import TrustedKey
    from engine.exports.records import Export


def exports(label: str) -> Screen[None]:
    """What was exported of a version's project, and the way to export it."""
    from console.screens.exports import ExportsPage

    return ExportsPage(label)


def export(found: Export) -> Screen[None]:
    """An export with its parity."""
    from console.dialogs.reading import ReadingDialog
    from console.text.export_lines import export_lines

    return ReadingDialog(lambda width: export_lines(found, width))


def where(label: str) -> Screen[None]:
    """Where a version is."""
    from console.screens.where import WherePage

    return WherePage(label)


def whereabouts(found: Place, at: datetime) -> Screen[None]:
    """What a workspace says of a version, whole."""
    from console.dialogs.reading import ReadingDialog
    from console.text.bundle_lines import place_lines

    return ReadingDialog(lambda width: place_lines(found, at, width))


def bundle(label: str) -> Screen[None]:
    """Write a version as one zip."""
    from console.dialogs.travel import BundleDialog

    return BundleDialog(label)


def send(label: str) -> Screen[None]:
    """Bring a version to another workspace."""
    from console.dialogs.travel import SendDialog

    return SendDialog(label)


def take_in() -> Screen[None]:
    """Look into a bundle, and take it in."""
    from console.dialogs.take_in import TakeInDialog

    return TakeInDialog()


def trusted_key(found: TrustedKey) -> Screen[None]:
    """A key that is trusted, whole."""
    from console.dialogs.reading import ReadingDialog
    from console.text.bundle_lines import trusted_lines

    return ReadingDialog(lambda width: trusted_lines(found, width))


def own_key() -> Screen[None]:
    """This workspace's own key."""
    from console.dialogs.own_key import OwnKeyDialog

    return OwnKeyDialog()
