"""What a report says of a lived-in project, and that it says something of every odd one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.clock import stamp
from engine.errors import Invalid, NotFound
from engine.monitoring import looks
from engine.reports import html, phrases, text
from engine.reports.period import between
from engine.reports.records import Report
from engine.runs import history
from tests.engine.reports.worlds import MANIFEST, NOW, WEEK, World, empty, lived_in
from tests.look_documents import look_document

DAY = timedelta(days=1)
COSTS = {"currency": "USD", "false_alarm": 4.0, "missed": 25.0}


def rendered(report: Report) -> str:
    return html.page(report) + text.text(report) + json.dumps(report.document())


def test_a_report_tells_what_is_live_how_it_does_and_who_decided(home: Path) -> None:
    report = lived_in(home).report()
    assert (report.live, report.live_by, report.live_since) == ("flights@3", ("chen",), NOW - 3 * DAY)
    key = report.metrics[0]
    assert (key.name, key.value, key.n, key.fresh) == ("roc_auc", 0.72, 1200, True)
    assert (key.previous, key.previous_at, key.change) == (0.71, NOW - 2 * WEEK, "no clear change")
    assert [dot.version for dot in key.trend] == ["flights@1", "flights@1", "flights@3", "flights@3"]
    assert key.limit == 0.6
    assert [(each.version, each.previous, each.decided_by) for each in report.releases] == [
        ("flights@3", "flights@1", ("chen",))
    ]
    assert [each.version for each in report.waiting] == ["flights@4"]
    assert report.incidents == 1
    assert [each.over_at is None for each in report.troubles] == [True, False]
    assert [(each.job, each.well, each.badly) for each in report.work] == [("retrain", 1, 1)]
    assert [each.why for each in report.failures] == ["the disk was full"]
    assert (report.audit_rows, len(report.audit_head)) == (8, 64)


def test_the_verdict_is_that_of_the_overview_and_says_why(home: Path) -> None:
    report = lived_in(home).report()
    assert report.verdict == "watch"
    assert report.sentence.startswith("Late arrivals: carrier drifts, for 2 d; ")
    assert report.sentence.endswith("for a decision.")


def test_the_weakest_parts_come_first_and_what_nobody_can_tell_is_left_out(home: Path) -> None:
    words = {"carrier": "airline", "carrier=EV": "ExpressJet"}
    report = lived_in(home, report={"words": words}).report()
    assert [(each.name, each.value, each.n) for each in report.weakest] == [
        ("airline ExpressJet", 0.61, 300), ("airline UA", 0.75, 900),
    ]  # fmt: skip


def test_errors_are_turned_into_money_only_from_counts_that_were_recorded(home: Path) -> None:
    costs = {"report": {"costs": COSTS, "words": {"1": "late", "0": "punctual", "decisions": "flights"}}}
    money = lived_in(home, **costs).report().money
    assert money is not None
    assert money.value == pytest.approx(40 * 4 + 130 * 25)
    assert money.previous == pytest.approx(60 * 4 + 150 * 25)
    # Saying late every time: 750 false alarms cost less than 250 missed ones.
    assert (money.without, money.alike, money.decisions) == (3000.0, "late", "flights")
    assert (money.false_alarm, money.missing) == ("said late, was punctual", "said punctual, was late")
    assert (money.false_alarms, money.missed, money.rows) == (40.0, 130.0, 1000)
    assert len(money.trend) == 3


def test_without_a_cost_matrix_or_without_counts_nothing_is_said_of_money(home: Path, tmp_path: Path) -> None:
    assert lived_in(home).report().money is None
    world = empty(tmp_path / "other").project(report={"costs": COSTS})
    world.version(NOW - 2 * DAY, 0.7)
    world.deploy(NOW - DAY, 1)
    assert world.report().money is None


def test_a_change_is_better_or_worse_only_where_the_intervals_lie_apart(home: Path) -> None:
    world = empty(home).project()
    for week, value in enumerate((0.70, 0.75)):
        at = NOW - (2 - week) * WEEK + DAY
        world.version(at, value, (1, value) if week else None)
        if not week:
            world.deploy(at, 1)
    key = world.report().metrics[0]
    assert (key.previous, key.value, key.change) == (0.70, 0.75, "better")
    assert "better since" in world.report().sentence


def test_the_same_ledger_and_period_give_the_same_bytes(home: Path) -> None:
    world = lived_in(home, report={"costs": COSTS})
    assert rendered(world.report()) == rendered(world.report())
    period = between(NOW - WEEK, NOW)
    before = rendered(world.report(period))
    world.run(NOW + DAY, state="failed", why="later")
    assert rendered(world.report(period)) == before


def test_a_project_without_any_version_has_a_report(home: Path) -> None:
    report = empty(home).project().report()
    assert (report.verdict, report.live, report.metrics, report.releases) == ("unknown", None, (), ())
    assert "nothing is in use yet" in report.sentence
    assert "No work was due." in rendered(report)


def test_a_project_with_candidates_and_nothing_live_has_a_report(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - DAY, 0.7)
    report = world.report()
    assert report.sentence == "Late arrivals: nothing is in use yet; a new version waits for a decision."
    assert "flights@1, made on 22 November 2026, passed all its checks" in rendered(report)


def test_one_measurement_alone_makes_no_line_and_no_claim(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - DAY, 0.7)
    world.deploy(NOW - DAY, 1)
    report = world.report()
    assert (report.metrics[0].change, report.metrics[0].previous) == ("not known", None)
    assert "<svg" not in html.page(report)
    assert "is 0.700, on cases held back when it was made." in report.sentence


def test_a_metric_that_is_not_defined_is_said_to_be_not_measured(home: Path) -> None:
    world = empty(home).project()
    for week in (3, 2, 1):
        world.version(NOW - week * DAY, None, (1, None) if week < 3 else None)
    world.deploy(NOW - 3 * DAY, 1)
    report = world.report()
    assert report.metrics[0].value is None
    assert "not measured" in rendered(report)


def test_what_was_measured_long_ago_is_unknown_and_said_to_be_old(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - 4 * WEEK, 0.7)
    world.deploy(NOW - 4 * WEEK, 1)
    report = world.report()
    assert (report.verdict, report.metrics[0].fresh) == ("unknown", False)
    assert "not measured within this period" in rendered(report)


def test_a_value_below_its_own_limit_needs_action(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - DAY, 0.55)
    world.deploy(NOW - DAY, 1)
    report = world.report()
    assert report.verdict == "failing"
    assert "below 0.6" in report.sentence


def test_a_damaged_version_document_costs_its_own_part_and_no_more(home: Path) -> None:
    world = lived_in(home, report={"costs": COSTS})
    for path in world.store.root.glob("*/*"):
        path.chmod(0o644)
        path.write_bytes(b"damaged")
    report = world.report()
    assert (report.weakest, report.money) == ((), None)
    assert report.metrics[0].value == 0.72


def test_everybody_whose_approval_was_needed_is_named(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - 2 * DAY, 0.7)
    with world.ledger.write() as db:
        db.execute(
            "INSERT INTO decisions (at, actor, kind, project, number, live_seq, reason, audit)"
            " VALUES (?, 'zoe', 'approve', 'flights', 1, 0, 'fine', 1)", ("2026-11-22T00:00:00.000000Z",)
        )  # fmt: skip
    world.deploy(NOW - DAY, 1)
    assert world.report().live_by == ("zoe", "ada")
    assert "Approved by zoe and ada" in rendered(world.report())


def test_an_empty_period_is_refused_and_one_in_which_nothing_happened_is_not(home: Path) -> None:
    world = lived_in(home)
    with pytest.raises(Invalid, match="before it begins"):
        world.engine.report("flights", (NOW, NOW))
    with pytest.raises(NotFound):
        world.engine.report("fligths", (NOW - WEEK, NOW))
    quiet = world.engine.report("flights", (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 8, tzinfo=UTC)))
    assert (quiet.live, quiet.releases, quiet.work, quiet.troubles, quiet.audit_rows) == (None, (), (), (), 0)
    assert "had no row yet" in rendered(quiet)


def test_a_snoozed_alert_is_listed_and_does_not_make_the_verdict(home: Path) -> None:
    world = lived_in(home)
    with world.ledger.write() as db:
        db.execute("UPDATE alerts SET snoozed_until = '2027-01-01T00:00:00.000000Z' WHERE resolved_at IS NULL")
    report = world.report()
    assert len(report.troubles) == 2
    assert "drifts" not in report.sentence


def test_a_title_that_is_missing_is_the_projects_name(home: Path) -> None:
    world = empty(home).project(project={**MANIFEST["project"], "title": "\u202e\x1b[31m"})
    assert world.report().title == "flights"


def test_what_drifts_is_said_without_jargon_and_once_for_all_columns(home: Path) -> None:
    world = lived_in(home)
    for column in ("humid", "wind"):
        world.alert(NOW - DAY, "watch", f"{column}: PSI 0.51", number=3, part="drift")
    report = world.report()
    assert "what comes in is no longer like what it learnt from, for 24 h" in report.sentence
    heads = [told.head for told in phrases.troubles(report)]
    assert heads == [
        "Worth watching: What comes in is no longer like what it learnt from (flights@3, since 22 November 2026)",
        "Worth watching: carrier drifts (flights@3, since 21 November 2026)",
        "Needs action: data is 3 d old (flights@3, over)",
    ]
    (drift, *_) = phrases.troubles(report)
    assert [line.partition(".")[0] for line in drift.lines] == ["wind: PSI 0", "humid: PSI 0"]
    assert "PSI" not in report.sentence


def test_looks_at_health_make_points_between_retrains_and_crowd_out_no_document(home: Path) -> None:
    world = lived_in(home, report={"costs": COSTS})
    for day in range(60, 0, -1):
        run = world.run(NOW - day * DAY, job="health")
        with world.ledger.write() as db:
            db.execute(
                "INSERT INTO measurements (project, number, run, metric, as_of, at, value, low, high, n)"
                " VALUES ('flights', 3, ?, 'roc_auc', ?, ?, 0.72, 0.7, 0.74, 90)",
                (run, stamp(NOW - day * DAY + DAY / 2), stamp(NOW)),
            )
    report = world.report()
    assert len(report.metrics[0].trend) > 50
    assert report.money is not None and report.weakest
    assert html.page(report).count("<circle") == 1 + 3


def test_days_are_told_on_the_clocks_of_the_project(home: Path) -> None:
    world = empty(home).project()
    world.version(NOW - 2 * DAY, 0.7)
    late = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)  # still the evening of the 21st in New York
    world.deploy(late, 1)
    report = world.engine.report("flights", (NOW - WEEK, NOW))
    assert report.live_since == late and report.document()["live_since"] == stamp(late)
    assert "went live on 21 November 2026" in text.text(report)


def test_what_the_newest_look_found_surely_worse_comes_before_what_the_last_retrain_saw(home: Path) -> None:
    world = lived_in(home, validation={"metrics": ["roc_auc", "log_loss"], "segments": ["carrier"]})
    run = world.run(NOW - DAY, job="health")
    base = {"n": 400, "value": 0.6, "low": 0.55, "high": 0.65, "verdict": "worse"}
    slices = [
        {**base, "conditions": [{"column": "carrier", "value": "EV"}, {"column": "dest", "value": "ORD"}]},
        {**base, "conditions": [{"column": "humid", "value": "below 36"}]},
        {**base, "conditions": [{"column": "carrier", "value": "9E"}]},
        {**base, "conditions": [{"column": "carrier", "value": "UA"}], "verdict": "cannot tell", "value": None},
    ]
    document = {
        "slices": {"metric": "roc_auc", "found": slices},
        "periods": {"live": [{"metric": "roc_auc", "value": 0.71, "n": 4000}]},
    }
    with world.ledger.write() as db:
        looks.keep(db, history.one(db, run), 3, look_document(document), NOW - DAY)
    (weakest,) = world.report().weakest
    assert (weakest.name, weakest.value, weakest.low, weakest.n, weakest.whole) == ("carrier 9E", 0.6, 0.55, 400, 0.71)


def alive(home: Path) -> World:
    """@1 was made and went live two days ago."""
    world = empty(home).project()
    world.version(NOW - 2 * DAY, 0.70)
    world.deploy(NOW - 2 * DAY, 1)
    return world


def test_where_looks_are_due_a_version_that_none_has_seen_is_not_said_to_work(home: Path) -> None:
    world = alive(home)
    assert world.report().verdict == "ok", "without looks, its holdout is what is known"
    world.looked_at_every_hour()
    report = world.report()
    assert report.verdict == "unknown"
    assert "nobody has looked at flights@1 since it went live" in report.sentence
    world.look(NOW - timedelta(hours=1), 1, 0.69)
    assert world.report().verdict == "ok"


def test_a_newest_look_that_could_tell_nothing_or_is_too_old_makes_no_green_report(home: Path) -> None:
    world = alive(home)
    world.looked_at_every_hour()
    world.look(NOW - timedelta(hours=7), 1, 0.69)
    assert world.report().sentence.endswith("nobody has looked at the health of flights@1 for 7 h: is the engine up?.")
    world.look(NOW - timedelta(hours=1), 1, None, "unknown")
    assert world.report().verdict == "unknown"


def test_what_was_found_and_is_snoozed_is_not_said_to_be_well(home: Path) -> None:
    world = alive(home)
    world.look(NOW - timedelta(hours=1), 1, 0.69, "watch")
    report = world.report()
    assert (report.verdict, report.sentence) == (
        "ok", "Late arrivals: what the last look found is snoozed: as it was seen.",
    )  # fmt: skip


def test_an_alert_about_a_version_that_is_no_longer_in_use_is_over_and_says_why(home: Path) -> None:
    world = alive(home)
    world.version(NOW - DAY, 0.72, (1, 0.70))
    world.alert(NOW - DAY, "failing", "a column is gone", number=1)
    world.deploy(NOW - DAY / 2, 2)
    (trouble,) = world.report().troubles
    assert (trouble.over_at, trouble.over_why) == (NOW - DAY / 2, "flights@1 is no longer live")


def test_a_canary_that_was_ended_is_told_and_the_verdict_is_that_of_what_is_in_use(home: Path) -> None:
    world = alive(home)
    world.look(NOW - timedelta(hours=1), 1, 0.69)
    well = world.report().verdict
    world.alert(NOW - DAY / 2, "failing", "flights@2 does worse", part="canary")
    assert (world.report().verdict, well) == ("ok", "ok")
    told = " ".join(text.text(world.report()).lower().split())
    assert "a candidate that answered some of the requests did surely worse" in told


def test_a_report_says_on_which_cases_a_figure_rests(home: Path) -> None:
    world = alive(home)
    told = " ".join(text.text(world.report()).split())
    assert "how well the outcomes are told apart is 0.700, on cases held back when it was made." in told
    assert "1,200 cases up to 21 November 2026 that were held back when it was made; nothing since" in told
    world.look(NOW - timedelta(hours=1), 1, 0.69)
    told = " ".join(text.text(world.report()).split())
    assert "640 cases whose outcome was known on 23 November 2026, in the newest look at it" in told
