"""The manifest's ``[sandbox]``: what a step may reach beyond its code, its input, its environment and the system's."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from engine.projects.manifest.fields import Table, shown
from engine.projects.manifest.records import SandboxSpec

# What the kernel makes of processes and devices; a step is given the few entries of these that libraries need.
_THE_KERNELS = ("/proc", "/sys", "/dev")


def sandbox(table: Table) -> SandboxSpec:
    """What the project asks for. Whether the paths are there, and not the workspace's, is seen where a step starts."""
    table.only("read", "network", "off")
    read = table.texts("read", most=100, limit=1000) or ()
    for path in read:
        problem = _problem(path)
        if problem:
            table.mistake("read", f"names {shown(path)}; {problem}")
    off = table.text("off", limit=300)
    network = table.flag("network", True)
    if off is not None and not network:
        table.mistake("network", "is false, and off is set, so that nothing would hold it; take one of the two out.")
    if off is not None and read:
        table.mistake("read", "names what a step may read, and off is set, so that it may read all; take one out.")
    return SandboxSpec(tuple(dict.fromkeys(normpath(path) for path in read)), network, off)


def spec_of(settings: Mapping[str, Any]) -> SandboxSpec:
    """The section of a manifest that was read before and kept with a version."""
    said = settings.get("sandbox") or {}
    return SandboxSpec(tuple(said.get("read", ())), said.get("network", True), said.get("off"))


def _problem(path: str) -> str | None:
    if path.startswith("~"):
        return "a home folder is written out, such as '/home/ops/flights'."
    if not path.startswith("/"):
        return "write it from the root on, such as '/data/flights'; what lies in the project is read without it."
    if ".." in path.split("/"):
        return "write it without '..'."
    plain = "/" + normpath(path).lstrip("/")
    if plain == "/":
        return "that is everything, the ledger too; name the folders that hold the data."
    if any(plain == each or plain.startswith(f"{each}/") for each in _THE_KERNELS):
        return "that is the system's view of every process; name the folders that hold the data."
    return None
