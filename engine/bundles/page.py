"""The page for people in a bundle: one file of HTML that needs nothing else. Pure; every text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from html import escape
from typing import TYPE_CHECKING

from engine.bundles.manifest import AbsentPart
from engine.bundles.provenance import Provenance
from engine.storage.free_space import in_words
from engine.text import plain
from engine.versions.code import revision_of

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24;
  background: #fff; } h1 { margin-bottom: 0; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d7dce2; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } code { overflow-wrap: anywhere; }
.soft { color: #59636e; } @media (prefers-color-scheme: dark) { body { background: #14171b; color: #e4e8ec; }
td, th { border-color: #3a4149; } .soft { color: #9aa4af; } }
"""


def page(
    document: VersionDocument, digest: str, told: Provenance, absent: Sequence[AbsentPart], fingerprint: str
) -> bytes:
    """The whole page."""
    here, about = told.sender, document.settings.get("project")
    title = str(about.get("title") or "") if isinstance(about, dict) else ""
    parts = [
        f"<h1>{_text(here.label)}</h1><p class=soft>{_text(title)}</p>",
        f"<p><b>{_text(document.metrics.sentence)}</b></p>",
        _section("Judged", _table(("gate", "verdict", "evidence"), (
            (gate.name, gate.verdict, gate.evidence) for gate in document.gates))),
        _section("Measured on the holdout", _table(("metric", "value", "95 %", "live version there", "rows"), (
            (name, _number(m.value), f"{_number(m.low)} to {_number(m.high)}", _number(m.live), f"{m.n:,}")
            for name, m in document.metrics.metrics.items()), numbers=(1, 3, 4))),
        _section("Decided", _table(("when (UTC)", "what", "by", "reason"), (
            (_when(each.at), each.kind, each.actor, each.reason) for each in here.decisions))
            if here.decisions else "<p>Nobody has decided about it there.</p>"),
        _section("Holds", _table(("part", "what"), _holds(document, {each.what for each in absent}))),
        _section("Does not hold", _table(("part", "why"), ((each.what, each.why) for each in absent))),
        _section("Comes from", _table(("workspace", "called there", "was", "made (UTC)", "run", "asked for by"), (
            (each.workspace[:12], each.label, each.state + (f": {each.why}" if each.why else ""), _when(each.made_at),
             str(each.run), each.requested_by) for each in told.stations))),
        _section("Can be checked", f"""<p>Signed with the key <code>{_text(fingerprint)}</code>; compare that with what
'leverframe trust' shows in the workspace that it should be from. Then:</p>
<p><code>python3 verify_bundle.py BUNDLE.zip --key {_text(fingerprint)}</code></p>
<p>It reads every byte, and needs nothing but Python 3.9 or newer; take it from somebody you trust. The version's own
digest is the same in every workspace: <code>{_text(digest)}</code></p>"""),
    ]  # fmt: skip
    head = f'<meta charset="utf-8"><title>{_text(here.label)}</title><style>{_STYLE}</style>'
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}{viewport}</head><body>\n{chr(10).join(parts)}\n'.encode()


def _holds(document: VersionDocument, absent: Set[str]) -> Iterable[tuple[str, str]]:
    code, data, environment = document.code, document.data, document.environment
    dirty = " with uncommitted changes (code.patch)" if code.dirty else ""
    until = f", up to {data.until[:10]}" if data.until else ""
    model = sum(each.size for each in document.model.files)
    yield "code/", f"{_files(code.files)} at {revision_of(code)}{dirty}"
    features = len(document.model.features)
    yield "model/", f"{_files(document.model.files)}, {in_words(model)}, of {features:,} features"
    compiled = document.scorer.files
    if compiled:
        size = in_words(sum(each.size for each in compiled))
        yield "compiled/", f"{_files(compiled)}, {size}: {document.scorer.words}, which score as the model does"
    if "data" not in absent:
        yield "data/", f"{data.rows:,} rows, {data.columns:,} columns{until}"
    yield "schema.json", f"{len(document.schema['columns']):,} columns"
    yield "environment/", f"{environment.words}, {len(environment.packages):,} packages, locked"
    if environment.packages and not environment.files and "packages" not in absent:
        yield "wheels/", "the files of its packages, from which the environment is rebuilt without a registry"
    yield "golden/", f"{document.golden.rows:,} rows with the predictions that it has to give again"
    yield "version.json", "all that the version is; everything else is named in it"
    yield "settings.json, gates.json", "its manifest and its gates once more, to be read"
    yield "provenance.json", "where it comes from, and what was decided there"


def _files(files: Sequence[object]) -> str:
    return f"{len(files):,} file{'' if len(files) == 1 else 's'}"


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    lines = ["<table><tr>" + "".join(
        f"<th{' class=n' if at in numbers else ''}>{escape(each)}</th>" for at, each in enumerate(heads)
    ) + "</tr>"]  # fmt: skip
    for row in rows:
        cells = (f"<td{' class=n' if at in numbers else ''}>{_text(each)}</td>" for at, each in enumerate(row))
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "\n".join([*lines, "</table>"])


def _text(text: str) -> str:
    return escape(plain(text, 1000))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _when(at: str) -> str:
    return f"{at[:10]} {at[11:16]}"
