"""The table of what rows said before they were changed, as the migration of that name makes it."""

# Most of what changes in place can be worked out again from what only grows (see engine/rewind/rules.py). Two tables
# cannot: a project's manifest is written over by each move, an alert's words by each look. `until`: the moment of
# the change, which is in the changed row itself, or in the trail's newest row where it is an act that writes that
# first. So a time that was an argument is kept as it was, and no trigger reads a clock.
PAST = """
CREATE TABLE past (
    id    INTEGER PRIMARY KEY,
    what  TEXT NOT NULL CHECK (what IN ('project', 'alert')),
    key   ANY NOT NULL,
    until TEXT NOT NULL,
    row   TEXT NOT NULL
) STRICT;
CREATE INDEX past_by_row ON past (what, key, id);

CREATE TRIGGER past_of_projects BEFORE UPDATE ON projects
WHEN (new.title, new.owner, new.path, new.manifest, new.added_at, new.removed_at)
    IS NOT (old.title, old.owner, old.path, old.manifest, old.added_at, old.removed_at)
BEGIN
    INSERT INTO past (what, key, until, row) VALUES (
        'project', old.name,
        CASE
            WHEN new.removed_at IS NOT NULL AND old.removed_at IS NULL THEN new.removed_at
            WHEN new.added_at <> old.added_at THEN new.added_at
            ELSE coalesce(
                (SELECT made_at FROM versions WHERE project = new.name ORDER BY number DESC LIMIT 1), new.added_at)
        END,
        json_object('title', old.title, 'owner', old.owner, 'path', old.path, 'manifest', old.manifest,
            'added_at', old.added_at, 'removed_at', old.removed_at));
END;

CREATE TRIGGER past_of_alerts BEFORE UPDATE ON alerts
BEGIN
    INSERT INTO past (what, key, until, row) VALUES (
        'alert', old.id,
        CASE
            WHEN new.seen_at <> old.seen_at THEN new.seen_at
            WHEN new.resolved_at IS NOT old.resolved_at THEN new.resolved_at
            WHEN new.escalated_at IS NOT old.escalated_at THEN new.escalated_at
            ELSE coalesce((SELECT at FROM audit ORDER BY seq DESC LIMIT 1), old.seen_at)
        END,
        json_object('severity', old.severity, 'why', old.why, 'act', old.act, 'seen_at', old.seen_at,
            'acknowledged_at', old.acknowledged_at, 'acknowledged_by', old.acknowledged_by, 'note', old.note,
            'snoozed_until', old.snoozed_until, 'escalated_at', old.escalated_at, 'resolved_at', old.resolved_at,
            'resolved_why', old.resolved_why));
END;
"""

# A manifest comes into force with the version that goes live, no longer with each retrain: the moment is the move's.
PAST_OF_MOVES = (
    "DROP TRIGGER past_of_projects",
    """
CREATE TRIGGER past_of_projects BEFORE UPDATE ON projects
WHEN (new.title, new.owner, new.path, new.manifest, new.added_at, new.removed_at)
    IS NOT (old.title, old.owner, old.path, old.manifest, old.added_at, old.removed_at)
BEGIN
    INSERT INTO past (what, key, until, row) VALUES (
        'project', old.name,
        CASE
            WHEN new.removed_at IS NOT NULL AND old.removed_at IS NULL THEN new.removed_at
            WHEN new.added_at <> old.added_at THEN new.added_at
            ELSE coalesce(
                (SELECT at FROM deployments WHERE project = new.name ORDER BY seq DESC LIMIT 1), new.added_at)
        END,
        json_object('title', old.title, 'owner', old.owner, 'path', old.path, 'manifest', old.manifest,
            'added_at', old.added_at, 'removed_at', old.removed_at));
END
""",
)
