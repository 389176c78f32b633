"""Manifests by people who err and by people who mean harm: always Invalid, quickly, with the line."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.projects.manifest.lines import lines_of
from engine.projects.manifest.reader import parse_manifest
from tests.engine.projects.manifests import DESIGN, SMALL, mistakes, with_line

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ("name = 5", "[project] name", "is 5; it must be a text"),
        ('name = "Flights"', "[project] name", "a-z, 0-9 and - only"),
        ('name = "../x"', "[project] name", "a-z, 0-9 and - only"),
        ('name = "a\\u001b[2J"', "[project] name", "cannot be shown"),
        ('name = "a\\n"', "[project] name", "cannot be shown"),
        ('name = "a\\u0000"', "[project] name", "cannot be shown"),
        (f'name = "{"a" * 61}"', "[project] name", "at most 60"),
        (f'name = "{"a" * 9999}"', "[project] name", "9,999 characters long"),
        ('name = "-a"', "[project] name", "no - at its ends"),
        ('name = ""', "[project] name", "is empty"),
        ('name = "a"\ntitle = "\\u202Eevil"', "[project] title", "cannot be shown"),
        ('name = "a"\ncolour = 1', "[project] colour", "is not a known key"),
        ("name = 2026-01-01", "[project] name", "is a date or time"),
    ],
)
def test_wrong_names_are_told(line: str, where: str, said: str) -> None:
    check(with_line(SMALL, "name", line), where, said)


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ('extract = "steps"', "[data] extract", "a function such as"),
        ('extract = "os;system:x"', "[data] extract", "a function such as"),
        ('extract = "../steps:x"', "[data] extract", "a function such as"),
        ('extract = ["Rscript"]', "[data] extract", "{ command = ["),
        ("extract = { command = [] }", "[data] extract.command", "list of 1 to 200 texts"),
        ('extract = { command = "ls" }', "[data] extract.command", "list of 1 to 200 texts"),
        ('extract = { command = ["ls", ""] }', "[data] extract.command", "entry 2 is empty"),
        ('extract = { command = ["ls", 1] }', "[data] extract.command", "entry 2 is 1"),
        ('extract = { command = ["a\\u0000b"] }', "[data] extract.command", "cannot be shown"),
        ('extract = { comand = ["ls"] }', "[data] extract.comand", "did you mean 'command'"),
        ('extract = { command = ["ls"], shell = true }', "[data] extract.shell", "is not a known key"),
        ('extract = "a:b"\nfeatures = []', "[data] features", "is empty"),
        ('extract = "a:b"\nfeatures = ["y"]', "[data] features", "which is the target"),
        ('extract = "a:b"\nfeatures = ["a", "a"]', "[data] features", "names 'a' twice"),
        ('extract = "a:b"\nfeatures = ["a"]\nexclude = ["a"]', "[data] features", "which is in exclude too"),
        ('extract = "a:b"\nfeatures = ["a"]\nsensitive = ["a"]', "[data] features", "which is in sensitive too"),
        ('extract = "a:b"\nexclude = ["y"]', "[data] exclude", "which is the target"),
        ('extract = "a:b"\ntime = "y"', "[data] time", "which is the target too"),
        ('extract = "a:b"\nlabels = "a:c"', "[data] labels", "needs [data] key"),
        ('extract = "a:b"\nlabels = "a-c"', "[data] labels", "module:function"),
        ('extract = "a:b"\nsince = true', "[data] since", "needs [data] key and time"),
        ('extract = "a:b"\nsince = true\nkey = ["k"]', "[data] since", "needs [data] key and time"),
        (
            'extract = "a:b"\nsince = true\nkey = ["k"]\ntime = "t"\nsensitive = ["k"]',
            "[data] since",
            "a key that is not sensitive",
        ),
        ('extract = "a:b"\nsince = "yes"', "[data] since", "true or false"),
        ('extract = "a:b"\nkey = "id"', "[data] key", "must be a list"),
        ('extract = "a:b"\nformat = "parket"', "[data] format", "did you mean 'parquet'"),
    ],
)
def test_wrong_data_sections_are_told(line: str, where: str, said: str) -> None:
    check(with_line(SMALL, "extract", line), where, said)


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ('run = { command = ["r"] }', "[train] score", "is missing"),
        ('run = "a:b"\nwindow = "8w"', "[train] window", "does not name the event time"),
        ('run = "a:b"\ntimeout = 30', "[train] timeout", "is 30; it must be a text: a number and one of s, m, h, d, w"),
        ("[health]\nwindow = 7", "[health] window", 'is 7; it must be a text: a number and one of s, m, h, d, w'),
        ('run = "a:b"\ntimeout = "30 minutes"', "[train] timeout", "one of s, m, h, d, w"),
        ('run = "a:b"\ntimeout = "0s"', "[train] timeout", "too short"),
        ('run = "a:b"\ntimeout = "9999999999w"', "[train] timeout", "one of s, m"),
        ('run = "a:b"\nmemory = "4GB"', "[train] memory", "KiB, MiB, GiB"),
        ('run = "a:b"\nmemory = "1KiB"', "[train] memory", "too short or small"),
        ('run = "a:b"\nthreads = true', "[train] threads", "is true; it must be a whole number"),
        ('run = "a:b"\nthreads = 0', "[train] threads", "from 1 to 512"),
        (f'run = "a:b"\nthreads = {"9" * 4000}', "[train] threads", "a number of many digits"),
    ],
)
def test_wrong_train_sections_are_told(line: str, where: str, said: str) -> None:
    check(with_line(SMALL, "run", line), where, said)


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ("holdout = nan", "[validation] holdout", "fraction between 0 and 1"),
        ("holdout = inf", "[validation] holdout", "fraction between 0 and 1"),
        ("holdout = 0", "[validation] holdout", "fraction between 0 and 1"),
        ("holdout = 1.0", "[validation] holdout", "fraction between 0 and 1"),
        ("holdout = true", "[validation] holdout", "is true"),
        ('holdout = "14d"', "[validation] holdout", "does not name the event time"),
        ('holdout = 0.2\nsegments = ["y"]', "[validation] segments", "which is the target"),
        ('holdout = 0.2\ntask = "binry"', "[validation] task", "did you mean 'binary'"),
        ('holdout = 0.2\ntask = "regression"', "[validation] metrics", "no metric of a regression task"),
        ('holdout = 0.2\ntask = "multiclass"\npositive = "x"', "[validation] positive", "has no meaning"),
        ("holdout = 0.2\npositive = 1", "[validation] positive", "is 1; it must be a text"),
    ],
)
def test_wrong_validation_sections_are_told(line: str, where: str, said: str) -> None:
    check(with_line(SMALL, "holdout", line), where, said)


@pytest.mark.parametrize(
    ("metrics", "mixed"), [(["mae", "f1"], True), (["f1", "brier"], False), (["r2", "mae"], False)]
)
def test_metrics_of_two_tasks_are_not_mixed(metrics: list[str], mixed: bool) -> None:
    text = with_line(SMALL, "metrics", f"metrics = {metrics}")
    if mixed:
        check(text, "[validation] metrics", "mixes metrics of classification and of regression")
    else:
        assert parse_manifest(text).validation.metrics == tuple(metrics)



@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("[environment]\nrequirements = '../x'", "[environment] requirements", "inside the project's folder"),
        ("[environment]\nrequirements = '/etc/passwd'", "[environment] requirements", "inside the project's folder"),
        ("[environment]\nrequirements = 'a\\b'", "[environment] requirements", "inside the project's folder"),
        ("[environment]\nrequirements = 'a/../../b'", "[environment] requirements", "inside the project's folder"),
        ('[environment]\nrequirements = "a\\u0000b"', "[environment] requirements", "cannot be shown"),
        ("[environment]\npython = 3.11", "[environment] python", "is 3.11; it must be a text"),
        ("[environment]\npython = '3.8'", "[environment] python", "from 3.9 on"),
        ("[environment]\npass = ['A=B']", "[environment] pass", "letters, digits and _"),
        ("[environment]\npass = ['LEVERFRAME_RUN']", "[environment] pass", "the engine's own"),
        ("[[gates]]\nmetric = 'roc_auc'", "[[gates]] 1", "has no limit"),
        ("[[gates]]\nmetric = 'roc_auc'\nat_least = 0.1\nat_most = 0.2", "[[gates]] 1", "has at_least and at_most"),
        ("[[gates]]\nat_least = 0.1", "[[gates]] 1 metric", "is missing"),
        ("[[gates]]\nmetric = 'f1'\nat_least = 0.1", "[[gates]] 1 metric", "metrics does not measure"),
        ("[[gates]]\nmetric = 'roc_auc'\nat_least = nan", "[[gates]] 1 at_least", "from 0 to 1"),
        ("[[gates]]\nmetric = 'roc_auc'\nat_least = -inf", "[[gates]] 1 at_least", "from 0 to 1"),
        ("[[gates]]\nmetric = 'roc_auc'\nat_least = 70", "[[gates]] 1 at_least", "from 0 to 1"),
        (f"[[gates]]\nmetric = 'roc_auc'\nat_least = {'9' * 400}", "[[gates]] 1 at_least", "many digits"),
        ("[[gates]]\nmetric = 'roc_auc'\nnot_above_live_by = 0.1", "[[gates]] 1 not_above_live_by", "use not_below"),
        (
            "[[gates]]\nmetric = 'roc_auc'\nevery_segment_at_least = 0.1",
            "[[gates]] 1 every_segment_at_least",
            "needs segments",
        ),
        ("[[gates]]\nrows_at_least = 5\nmetric = 'roc_auc'", "[[gates]] 1 metric", "has no meaning"),
        ("[[gates]]\nrows_at_least = 5\n[[gates]]\nrows_at_least = 6", "[[gates]] 2", "says the same as gate 1"),
        ("[[gates]]\nmissing_at_most = 1.5", "[[gates]] 1 missing_at_most", "from 0 to 1"),
        ("[gates]\nmetric = 'roc_auc'", "[gates]", "begins with a line [[gates]]"),
        ("[[gates]]\nrows_at_least = 1\n" * 201, "[gates]", "201 gates"),
        ("[schedule]\nretrian = { cron = '0 3 * * *' }", "[schedule] retrian", "did you mean 'retrain'"),
        ("[schedule]\nretrain = '0 3 * * *'", "[schedule] retrain", "must be a table"),
        ("[schedule]\nretrain = { cron = '0 3 * *' }", "[schedule] retrain.cron", "it has 4 fields and needs five"),
        ("[schedule]\nretrain = { cron = '0 0 3 * * *' }", "[schedule] retrain.cron", "it has 6 fields and needs five"),
        ("[schedule]\nretrain = { cron = '0 25 * * *' }", "[schedule] retrain.cron", "it has a wrong hour; its five"),
        ("[schedule]\nretrain = { cron = '99 3 * * *' }", "[schedule] retrain.cron", "wrong minute"),
        ("[schedule]\nretrain = { cron = '0 0 30 2 *' }", "[schedule] retrain.cron", "day of the month"),
        ("[schedule]\nretrain = { cron = '* * * * 1#2/3' }", "[schedule] retrain.cron", "five fields"),
        (
            "[schedule]\nretrain = { cron = '0 3 * * *', timezone = 'America/NewYork' }",
            "[schedule] retrain.timezone",
            "did you mean 'America/New_York'",
        ),
        ("[schedule]\nretrain = { cron = '0 3 * * *', timezone = '../x' }", "[schedule] retrain.timezone", "no known"),
        ("[schedule]\nretrain = { cron = '0 3 * * *', catch_up = 'lates' }", "[schedule] retrain.catch_up", "'latest'"),
        ("[approval]\napprovals = 0", "[approval] approvals", "from 1 to 20"),
        ("[approval]\nexpires = '59s'", "[approval] expires", "too short"),
        ("[report]\nto = ['a@b.org\\nBcc: x@y.org']", "[report] to", "no mail address"),
        ('[report]\nto = ["a@b.org\\nBcc: x@y.org"]', "[report] to", "cannot be shown"),
        ("[report]\nwords = { late = 1 }", "[report] words.late", "must be a text"),
        ("[serve]\nrealtime = 'yes'", "[serve] realtime", "true or false"),
        ("[cluster]\ngpu = 1", "[cluster]", "is not a known key"),
        ("[dta]\nx = 1", "[dta]", "did you mean 'data'"),
    ],
)
def test_wrong_sections_beside_them_are_told(text: str, where: str, said: str) -> None:
    check(SMALL + text, where, said)


def check(text: str, where: str, said: str) -> None:
    found = [m for m in mistakes(text) if m.where == where and said in m.message]
    assert found, [str(m) for m in mistakes(text)]
    assert found[0].line is not None


def test_sensitive_columns_are_no_segments() -> None:
    said = [str(m) for m in mistakes(DESIGN.replace('"carrier", "origin"', '"carrier", "passenger_email"'))]
    assert said == [
        "line 30: [validation] segments: names 'passenger_email', which is sensitive and may not be in a report."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "x=" + "[" * 100_000,
        "a={" * 80_000,
        "a" + ".a" * 100_000 + "=1",
        "[a" + ".a" * 100_000 + "]",
        '"a b"' + '."a b"' * 40_000 + "=1",
        "x={" + "a . a" * 30_000,
        "x=" + "9" * 200_000,
        "[[gates]]\n" * 26_000,
        "".join(f"[a{number}]\n" for number in range(25_000)),
        SMALL + "[report.words]\n" + "".join(f"w{number}='x'\n" for number in range(25_000)),
        with_line(SMALL, "target", f"exclude = {[f'c{number}' for number in range(20_000)]}"),
        "x" * 10_000_000,
        "x='" + "a." * 100_000,
        "'" * 200_000,
        '"' * 200_001,
        "a-" * 120_000,
    ],
    ids=lambda text: text[:12],
)
def test_giant_and_deep_documents_are_refused_quickly(text: str) -> None:
    started = time.process_time()
    with pytest.raises(Invalid):
        parse_manifest(text)
    assert time.process_time() - started < 5


def test_no_more_than_a_hundred_mistakes_are_told() -> None:
    assert len(mistakes("".join(f"k{number} = 1\n" for number in range(500)))) == 100


def test_lines_are_found_in_every_form_of_toml() -> None:
    text = '''# comment = "no"
[project]
name = """a
b = 1"""
"ti\\u0074le" = 'x # no'  # yes
[ data . "extract" ]
command = [
  "a", # first
  "]",
]
[[gates]]
metric = "x"
[gates.more]
deep = { a.b = 1, c = [ { d = 2 } ] }
[[gates]]
a.b = 1
a.c = 2
'''
    tomllib.loads(text)
    assert lines_of(text) == {
        ("project",): 2, ("project", "name"): 3, ("project", "title"): 5,
        ("data", "extract"): 6, ("data", "extract", "command"): 7,
        ("data", "extract", "command", 0): 8, ("data", "extract", "command", 1): 9,
        ("gates",): 11, ("gates", 0): 11, ("gates", 0, "metric"): 12, ("gates", 0, "more"): 13,
        ("gates", 0, "more", "deep"): 14, ("gates", 0, "more", "deep", "a"): 14,
        ("gates", 0, "more", "deep", "a", "b"): 14,
        ("gates", 0, "more", "deep", "c"): 14, ("gates", 0, "more", "deep", "c", 0): 14,
        ("gates", 0, "more", "deep", "c", 0, "d"): 14,
        ("gates", 1): 15, ("gates", 1, "a"): 16, ("gates", 1, "a", "b"): 16, ("gates", 1, "a", "c"): 17,
    }  # fmt: skip


def only_invalid(text: str) -> None:
    try:
        parse_manifest(text)
    except Invalid as error:
        for said in (str(error), *map(str, error.mistakes)):
            assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in said), said
            assert "\n" not in said and len(said) < 2000


@given(st.text(max_size=400))
def test_any_text_is_a_manifest_or_invalid(text: str) -> None:
    only_invalid(text)
    lines_of(text)


PIECES = st.one_of(
    st.sampled_from(
        [
            "\n",
            '"',
            "'",
            '"""',
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            ",",
            ".",
            "#",
            "nan",
            "-inf",
            "1e999",
            "true",
            "0",
            "2026-01-01",
            "\\u0000",
            "\\",
            "[gates]",
            "[[gates]]",
            "[project]",
            "{ cron = '@daily' }",
            "roc_auc",
            "\x1b[2J",
        ]
    ),
    st.text(max_size=8),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(DESIGN)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
def test_a_mutated_manifest_is_a_manifest_or_invalid(changes: list[tuple[int, int, str]]) -> None:
    text = DESIGN
    for start, removed, piece in changes:
        text = text[:start] + piece + text[start + removed :]
    only_invalid(text)


VALUES = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=12), st.just([])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" if not 0xD800 <= ord(c) <= 0xDFFF else "" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return str(value)


KEYS = [line.partition("=")[0].strip() for line in DESIGN.splitlines() if "=" in line and line[0] not in "#["]


@settings(max_examples=300)
@given(st.integers(0, len(KEYS) - 1), VALUES)
def test_any_value_at_any_key_is_right_or_invalid(number: int, value: object) -> None:
    lines = DESIGN.splitlines()
    at = [index for index, line in enumerate(lines) if "=" in line and line[0] not in "#["][number]
    lines[at] = f"{KEYS[number]} = {toml(value)}"
    only_invalid("\n".join(lines))


def test_the_manifest_is_imported_without_what_only_some_manifests_need() -> None:
    script = (
        "import sys, engine.projects.manifest.reader, engine.projects.source.code;"
        "print({'cronsim', 'zoneinfo', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
