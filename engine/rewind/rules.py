"""How each table is taken back to a moment: one rule a table, in the order in which they are carried out.

``:at`` is the moment. ``:head`` is the last row of the audit trail of then: the row before the first that is later.
A row is stamped before it is committed, and rows are in the order of their commits, so whatever stands behind a row
that is later than the moment was not there yet. Decisions and deployments hang on the trail and are cut with it, by
the same number, so that what is left verifies. What a version was is worked out from these; it is touched only in
projects in which anything moved later.
"""

from __future__ import annotations

from engine.rewind.serving_rules import SERVING_RULES
from engine.rewind.table_rule import TableRule, grown, restored

HEAD = "SELECT coalesce((SELECT min(seq) FROM audit WHERE at > :at) - 1, (SELECT max(seq) FROM audit), 0)"

# What the rules look up, before anything is taken back; these tables go with the connection.
NOTES = (
    "CREATE TEMP TABLE moved AS SELECT project FROM deployments WHERE audit > :head"
    " UNION SELECT project FROM decisions WHERE audit > :head AND kind = 'lift'",
    "CREATE TEMP TABLE acts AS SELECT seq, action, subject, at, actor, json_extract(body, '$.details') AS details"
    " FROM audit WHERE seq <= :head AND action IN ('set', 'set-policy', 'watch', 'unwatch', 'cancel')",
)


_BECAME = """
CREATE TEMP TABLE became AS SELECT project, number, max(audit) AS audit, state, reason FROM (
    SELECT project, number, audit, 'live' AS state, kind || ' by ' || actor || ': ' || reason AS reason
    FROM deployments WHERE project IN moved
    UNION ALL SELECT project, previous, audit, iif(kind = 'release', 'retired', 'barred'),
        iif(kind = 'release', NULL, 'rolled back from by ' || actor || ': ' || reason)
    FROM deployments WHERE previous IS NOT NULL AND project IN moved
    UNION ALL SELECT project, number, audit, 'retired', 'lifted by ' || actor || ': ' || reason
    FROM decisions WHERE kind = 'lift' AND project IN moved)
GROUP BY project, number
"""
_OWN = "d.project = versions.project AND d.number = versions.number"
_REPLACED = "d.project = versions.project AND d.previous = versions.number"
_VERSIONS = (
    "DELETE FROM versions WHERE made_at > :at",
    # Who was live: first nobody, because one project never has two, then what its newest move made of each version.
    "UPDATE versions SET state = 'candidate', live_from = NULL, live_until = NULL, reason = NULL"
    " WHERE project IN moved AND state IN ('live', 'retired', 'barred')",
    _BECAME,
    "CREATE UNIQUE INDEX temp.became_of ON became (project, number)",
    "UPDATE versions SET state = became.state, reason = became.reason,"
    f" live_from = (SELECT d.at FROM deployments d WHERE {_OWN} ORDER BY d.seq DESC LIMIT 1)"
    " FROM became WHERE became.project = versions.project AND became.number = versions.number",
    f"UPDATE versions SET live_until = (SELECT d.at FROM deployments d WHERE {_REPLACED} ORDER BY d.seq DESC LIMIT 1)"
    " WHERE project IN moved AND state IN ('retired', 'barred')",
    # Turned down, or grown old, only later.
    "UPDATE versions SET state = 'candidate', reason = NULL WHERE state = 'rejected'"
    f" AND NOT EXISTS (SELECT 1 FROM decisions d WHERE {_OWN} AND d.kind = 'reject')",
    "UPDATE versions SET state = 'candidate', reason = NULL WHERE state = 'expired'"
    " AND iif(reason = 'nobody decided in time', expires_at > :at, NOT EXISTS (SELECT 1 FROM deployments d"
    "  WHERE d.project = versions.project AND d.at >= versions.made_at AND versions.reason ="
    "  d.project || '@' || d.number || ' went live, and it had not been judged against that'))",
    "UPDATE versions SET state = 'expired', reason = 'nobody decided in time'"
    " WHERE state = 'candidate' AND expires_at <= :at",
    # Cleaned away since, or given back since by the bin.
    "UPDATE versions SET cleaned_at = (SELECT max(binned_at) FROM bin WHERE state = 'restored' AND binned_at <= :at"
    "  AND ended_at > :at AND item = 'version:' || versions.project || '@' || versions.number)"
    " WHERE (cleaned_at > :at) OR (cleaned_at IS NULL"
    "  AND 'version:' || project || '@' || number IN (SELECT item FROM bin WHERE ended_at > :at))",
)
_ALERT = (
    "severity why act seen_at acknowledged_at acknowledged_by note snoozed_until escalated_at resolved_at resolved_why"
)

RULES = (
    TableRule(
        "projects",
        (
            restored("projects", "project", "name", "title owner path manifest added_at removed_at"),
            "DELETE FROM projects WHERE added_at > :at"
            " AND name NOT IN (SELECT project FROM runs WHERE queued_at <= :at)",
            "UPDATE projects SET removed_at = NULL WHERE removed_at > :at",
        ),
        "the manifest of before the ledger kept it (table past); today's stands in for it",
    ),
    TableRule("audit", ("DELETE FROM audit WHERE seq > :head",)),
    TableRule("decisions", ("DELETE FROM decisions WHERE audit > :head",)),
    TableRule("deployments", ("DELETE FROM deployments WHERE audit > :head",)),
    TableRule("versions", _VERSIONS),
    TableRule(
        "runs",
        (
            "DELETE FROM runs WHERE queued_at > :at",
            "UPDATE runs SET state = iif(started_at <= :at, 'running', 'queued'),"
            " phase = iif(started_at <= :at, 'how far it was is not kept', 'waiting'), progress = 0,"
            " started_at = iif(started_at <= :at, started_at, NULL), ended_at = NULL, why = NULL, version = NULL,"
            " retry_at = NULL WHERE ended_at > :at OR (ended_at IS NULL AND state IN ('queued', 'running'))",
            "UPDATE runs SET why = substr(why, 1, instr(why, ' No: ') - 1) WHERE why LIKE '% called that off.'"
            " AND instr(why, ' No: ') AND 'run ' || id NOT IN (SELECT subject FROM acts WHERE action = 'cancel')",
            "UPDATE runs SET cancel = NULL WHERE cancel IS NOT NULL"
            " AND 'run ' || id NOT IN (SELECT subject FROM acts WHERE action = 'cancel')",
        ),
        "how far a run was that had not ended",
    ),
    TableRule(
        "steps",
        (
            "DELETE FROM steps WHERE run NOT IN (SELECT id FROM runs)",
            "DELETE FROM steps WHERE run IN (SELECT id FROM runs WHERE state = 'queued')"
            " OR (seq > 1 AND run IN (SELECT id FROM runs WHERE state = 'running'))",
        ),
        "the steps of a run that had not ended: they carry no time",
    ),
    TableRule(
        "run_facts", ("DELETE FROM run_facts WHERE run NOT IN (SELECT id FROM runs WHERE ended_at IS NOT NULL)",)
    ),
    grown("measurements"),
    TableRule(
        "schedules",
        (
            "DELETE FROM schedules WHERE since > :at",
            "UPDATE schedules SET until = NULL WHERE until > :at",
            "UPDATE schedules SET settled = :at WHERE settled > :at",
        ),
    ),
    grown("occurrences"),
    grown("downtimes", "until"),
    TableRule(
        "engine",
        (
            "UPDATE engine SET host = NULL, pid = NULL, since = NULL,"
            " fence = (SELECT coalesce(max(fence), 0) FROM occurrences)",
        ),
        "which process saw to the schedules",
    ),
    TableRule(
        "health",
        ("DELETE FROM health WHERE at > :at",),
        "the details of looks that were let go of since; their verdict and their figures stay",
    ),
    TableRule("signals", ("DELETE FROM signals WHERE run NOT IN (SELECT run FROM health)",)),
    grown("triggers"),
    TableRule(
        "incidents",
        (
            "DELETE FROM incidents WHERE opened_at > :at",
            "UPDATE incidents SET closed_at = NULL WHERE closed_at > :at",
        ),
    ),
    TableRule(
        "alerts",
        (
            "DELETE FROM alerts WHERE raised_at > :at",
            restored("alerts", "alert", "id", _ALERT),
            "UPDATE alerts SET resolved_at = NULL, resolved_why = NULL WHERE resolved_at > :at",
            "UPDATE alerts SET acknowledged_at = NULL, acknowledged_by = NULL, note = '' WHERE acknowledged_at > :at",
            "UPDATE alerts SET escalated_at = NULL WHERE escalated_at > :at",
        ),
        "the words of an alert of before the ledger kept them (table past)",
    ),
    TableRule("past", ("DELETE FROM past WHERE until > :at",)),
    TableRule(
        "settings",
        (
            "DELETE FROM settings",
            "INSERT INTO settings (name, value) SELECT subject, json_extract(details, '$.value') FROM acts a"
            " WHERE action IN ('set', 'set-policy') AND typeof(json_extract(details, '$.value')) = 'integer'"
            " AND seq = (SELECT max(seq) FROM acts WHERE action IN ('set', 'set-policy') AND subject = a.subject)",
        ),
    ),
    TableRule(
        "texts",
        (
            "DELETE FROM texts",
            "INSERT INTO texts (name, value) SELECT subject, json_extract(details, '$.value') FROM acts a"
            " WHERE action IN ('set', 'set-policy') AND typeof(json_extract(details, '$.value')) = 'text'"
            " AND json_extract(details, '$.value') <> 'default'"
            " AND seq = (SELECT max(seq) FROM acts WHERE action IN ('set', 'set-policy') AND subject = a.subject)",
        ),
    ),
    grown("backups"),
    grown("exports"),
    grown("backtests"),
    TableRule(
        "scorings",
        (
            "DELETE FROM scorings WHERE at > :at",
            "UPDATE scorings SET ended_at = NULL, rows = NULL, digest = NULL WHERE ended_at > :at",
        ),
    ),
    TableRule(
        "scrubs",
        (
            "DELETE FROM scrubs WHERE at > :at",
            "UPDATE versions SET damage = (SELECT damage FROM scrubs s WHERE s.project = versions.project"
            " AND s.number = versions.number ORDER BY s.id DESC LIMIT 1)",
        ),
    ),
    TableRule(
        "places",
        (
            "DELETE FROM places",
            "INSERT INTO places (path, kind, added_at, added_by)"
            " SELECT subject, json_extract(details, '$.kind'), at, actor FROM acts a WHERE action = 'watch'"
            " AND seq = (SELECT max(seq) FROM acts WHERE action IN ('watch', 'unwatch') AND subject = a.subject)",
        ),
    ),
    TableRule(
        "holds",
        ("DELETE FROM holds WHERE since > :at", "UPDATE holds SET released_at = NULL WHERE released_at > :at"),
    ),
    TableRule("scans", ("DELETE FROM scans WHERE at > :at",), "what a scan found, of all but the newest"),
    TableRule(
        "bin",
        (
            "DELETE FROM bin WHERE binned_at > :at",
            "UPDATE bin SET state = 'binned', ended_at = NULL WHERE ended_at > :at",
        ),
        "the size of what turned out to be nothing",
    ),
    TableRule(
        "allowances",
        ("DELETE FROM allowances WHERE at > :at", "UPDATE allowances SET until = NULL WHERE until > :at"),
    ),
    TableRule("routes", ("DELETE FROM routes WHERE at > :at", "UPDATE routes SET until = NULL WHERE until > :at")),
    grown("routed"),
    TableRule(
        "handovers",
        (
            "DELETE FROM handovers WHERE offered_at > :at",
            "UPDATE handovers SET taken_at = NULL WHERE taken_at > :at",
            "UPDATE handovers SET withdrawn_at = NULL WHERE withdrawn_at > :at",
        ),
    ),
    grown("glasses"),
    grown("rehearsals"),
    grown("package_rules"),
    grown("package_exceptions"),
    grown("origins"),
    grown("judged_here"),
    TableRule(
        "trusted_keys",
        ("DELETE FROM trusted_keys WHERE at > :at", "UPDATE trusted_keys SET until = NULL WHERE until > :at"),
    ),
    TableRule(
        "planned_swaps",
        (
            "DELETE FROM planned_swaps WHERE audit > :head",
            "UPDATE planned_swaps SET how = NULL, why = NULL, ended_at = NULL, ended_audit = NULL"
            " WHERE ended_audit > :head",
            "UPDATE planned_swaps SET run = NULL WHERE run NOT IN (SELECT id FROM runs)",
        ),
    ),
    TableRule(
        "addresses",
        ("DELETE FROM addresses WHERE at > :at", "UPDATE addresses SET until = NULL WHERE until > :at"),
    ),
    grown("standings"),
    grown("project_roles"),
    TableRule(
        "bindings", ("DELETE FROM bindings WHERE at > :at", "UPDATE bindings SET until = NULL WHERE until > :at")
    ),
    TableRule("operators", ("DELETE FROM operators WHERE added_at > :at",)),
    grown("reports"),
    TableRule(
        "outbox",
        (
            "DELETE FROM outbox WHERE queued_at > :at",
            # The ledger lets nothing be unsent, but this is a copy: its triggers are gone.
            "UPDATE outbox SET state = 'queued', sent_at = NULL, why = NULL, next_try = queued_at WHERE sent_at > :at",
            "UPDATE outbox SET state = 'queued', gathered_in = NULL, why = NULL, next_try = queued_at"
            " WHERE gathered_in NOT IN (SELECT id FROM outbox)",
            "UPDATE outbox SET held = NULL WHERE held NOT IN (SELECT id FROM routes)",
        ),
        "when a mail was given up or held, and how often one had been tried",
    ),
    *SERVING_RULES,
    grown("news"),
    TableRule(
        "cursors",
        (
            "UPDATE cursors SET seen = min(seen, (SELECT coalesce(max(id), 0) FROM news)) WHERE name = 'news'",
            "UPDATE cursors SET seen = min(seen, :head) WHERE name = 'planned swaps'",
        ),
        "how much of the news had been made mail of",
    ),
)

# Tables that say nothing of a moment, and why.
WITHOUT_A_RULE = {
    "_sqlite_migrations": "says in which form the file is, not what stood in it",
    "folded": "counts rows of the trail of this minute that are written together; a moment that is over has none",
    "crashes": "are counted over a minute; a moment that is over asks no version",
    "pictures": "say what lies in environments on the disk by now; a moment that is over starts none",
    "kept_files": "say what lies in the store by now; a moment that is over rebuilds nothing",
}
