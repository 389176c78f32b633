"""``[score]`` of a manifest: what a scheduled scoring reads and writes, and every mistake in it with its line."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.records import ScoreSpec
from engine.projects.manifest.score import spec_of
from tests import tiny

WHOLE = tiny.MANIFEST.format(name="tiny", timeout="60s", floor=0.6, day="mon", approval="approvals = 1")


def manifest(section: str, *, due: bool = False) -> str:
    text = WHOLE.replace("[schedule]\n", '[schedule]\nscore = { every = "1d" }\n') if due else WHOLE
    return f"{text}\n{section}"


def mistakes(section: str, *, due: bool = False) -> list[str]:
    with pytest.raises(Invalid) as found:
        parse_manifest(manifest(section, due=due))
    return [f"{each.where} {each.message}" for each in found.value.mistakes]


@pytest.mark.parametrize(
    ("section", "spec"),
    [
        ('from = "incoming/*.csv"\nto = "/data/out"', ScoreSpec("incoming/*.csv", "/data/out")),
        ('from = "/in/a?.parquet"\nto = "out"\nformat = "csv"', ScoreSpec("/in/a?.parquet", "out", "csv")),
        ('from = "q.sql"\nto = "table:a.b"\ndatabase = "DB"', ScoreSpec("q.sql", "table:a.b", "parquet", "DB")),
        ('from = "table:x"\nto = "out"\ndatabase = "DB"', ScoreSpec("table:x", "out", "parquet", "DB")),
    ],
)
def test_what_is_scored_is_read(section: str, spec: ScoreSpec) -> None:
    found = parse_manifest(manifest(f"[score]\n{section}", due=True))
    assert found.score == spec
    assert spec_of(found.document) == spec
    assert [each.job for each in found.schedule] == ["retrain", "score"]


def test_without_the_section_nothing_is_scored() -> None:
    found = parse_manifest(WHOLE)
    assert (found.score, spec_of(found.document)) == (None, None)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ('from = "a.csv"', "[score] to is missing."),
        ('from = "a.csv"\nto = "out"\nform = "csv"', "[score] form is not a known key; did you mean 'format'?"),
        ('from = "a.csv"\nto = "out"\nformat = "json"', "[score] format is 'json'; it must be one of parquet, csv."),
        ('from = "~/a.csv"\nto = "out"', "[score] from a home folder is written out, such as '/home/ops/incoming'."),
        ('from = "a.csv"\nto = "../out"', "[score] to write it without '..'."),
        ('from = "*/a.csv"\nto = "out"', "[score] from is '*/a.csv'; * and ? may stand in the name of the file alone"),
        ('from = "a.json"\nto = "out"', "[score] from is 'a.json'; it must name files that end with .parquet or .csv"),
        ('from = "a.csv"\nto = "out/*"', "[score] to is 'out/*'; it must be a folder, without * or ?."),
        ('from = "table:x"\nto = "out"', "[score] from is in a database; say in database which variable"),
        ('from = "table:x;y"\nto = "out"\ndatabase = "DB"', "[score] from is 'table:x;y'; write table:NAME"),
        ('from = "a.csv"\nto = "out"\ndatabase = "DB"', "[score] database is for a table or a query, and neither"),
        ('from = "*.csv"\nto = "table:x"\ndatabase = "DB"', "[score] to is one table, and from may be many files"),
        ('from = "table:x"\nto = "table:x"\ndatabase = "DB"', "[score] to is what is to be scored; write to another"),
        ('from = "q.sql"\nto = "table:x"\nformat = "csv"\ndatabase = "DB"', "[score] format is of files, and to is a"),
        ('from = "table:x"\nto = "out"\ndatabase = "sqlite:///x"', "[score] database is 'sqlite:///x'; it must be the"),
        ('from = "table:x"\nto = "out"\ndatabase = "LEVERFRAME_X"', "[score] database is 'LEVERFRAME_X'; it must be"),
    ],
)
def test_each_mistake_is_told(section: str, sentence: str) -> None:
    said = mistakes(f"[score]\n{section}")
    assert any(each.startswith(sentence) for each in said), said


def test_a_schedule_without_the_section_is_a_mistake() -> None:
    assert mistakes("", due=True) == [
        "[schedule] score says when, and no section [score] says what; add one with from and to."
    ]
