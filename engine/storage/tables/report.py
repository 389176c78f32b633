"""The tables of reports and of mail, as the migration of that name makes them."""

# `reports`: what was made of a project and a period; `page` and `text` are digests in the object store. `outbox`: one
# row for each recipient and matter (`key`), of a report or of an event (`subject` and `body`); `token` is the row's own
# part of the Message-ID. A row is `sending` from before a server is asked until its answer is written down, at the
# latest until `next_try`. `news`: what happened that people may want to hear of, written by the triggers below in the
# transaction in which it happened; `cursors` say up to where it was made mail of.
REPORTS = """
CREATE TABLE reports (
    id         INTEGER PRIMARY KEY,
    project    TEXT NOT NULL REFERENCES projects (name),
    since      TEXT NOT NULL,
    until      TEXT NOT NULL,
    period     TEXT NOT NULL,
    run        INTEGER REFERENCES runs (id),
    at         TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('ok', 'watch', 'failing', 'unknown')),
    sentence   TEXT NOT NULL,
    page       TEXT NOT NULL,
    text       TEXT NOT NULL,
    audit_rows INTEGER NOT NULL,
    audit_head TEXT NOT NULL
) STRICT;
CREATE INDEX reports_by_project ON reports (project, id);

CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY,
    project   TEXT NOT NULL REFERENCES projects (name),
    key       TEXT NOT NULL,
    recipient TEXT NOT NULL,
    report    INTEGER REFERENCES reports (id),
    subject   TEXT NOT NULL,
    body      TEXT NOT NULL,
    token     TEXT NOT NULL UNIQUE,
    queued_at TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    attempts  INTEGER NOT NULL DEFAULT 0,
    next_try  TEXT,
    sent_at   TEXT,
    why       TEXT,
    CHECK ((state IN ('queued', 'sending')) = (next_try IS NOT NULL)),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    UNIQUE (project, key, recipient)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try) WHERE next_try IS NOT NULL;
CREATE TRIGGER outbox_sent_once BEFORE UPDATE ON outbox WHEN old.state = 'sent'
BEGIN SELECT RAISE(ABORT, 'what was sent is sent'); END;

CREATE TABLE news (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('candidate', 'swap', 'rollback', 'red', 'report-failed')),
    project TEXT NOT NULL,
    about   INTEGER NOT NULL,
    at      TEXT NOT NULL
) STRICT;
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seen INTEGER NOT NULL
) STRICT;
INSERT INTO cursors (name, seen) VALUES ('news', 0);

CREATE TRIGGER news_of_candidates AFTER INSERT ON versions WHEN new.state = 'candidate'
BEGIN INSERT INTO news (kind, project, about, at) VALUES ('candidate', new.project, new.number, new.made_at); END;

CREATE TRIGGER news_of_deployments AFTER INSERT ON deployments
BEGIN
    INSERT INTO news (kind, project, about, at)
    VALUES (CASE new.kind WHEN 'rollback' THEN 'rollback' ELSE 'swap' END, new.project, new.seq, new.at);
END;

CREATE TRIGGER news_of_red_alerts AFTER INSERT ON alerts WHEN new.severity = 'failing'
BEGIN INSERT INTO news (kind, project, about, at) VALUES ('red', new.project, new.id, new.raised_at); END;

CREATE TRIGGER news_of_worse_alerts AFTER UPDATE OF severity ON alerts
WHEN new.severity = 'failing' AND old.severity = 'watch' AND new.resolved_at IS NULL
BEGIN INSERT INTO news (kind, project, about, at) VALUES ('red', new.project, new.id, new.seen_at); END;

CREATE TRIGGER news_of_escalated_alerts AFTER UPDATE OF escalated_at ON alerts
WHEN new.escalated_at IS NOT NULL AND old.escalated_at IS NULL
BEGIN INSERT INTO news (kind, project, about, at) VALUES ('red', new.project, new.id, new.escalated_at); END;

CREATE TRIGGER news_of_failed_reports AFTER UPDATE OF state ON runs
WHEN new.job = 'report' AND new.state IN ('failed', 'interrupted') AND old.state IN ('queued', 'running')
BEGIN INSERT INTO news (kind, project, about, at) VALUES ('report-failed', new.project, new.id, new.ended_at); END;
"""
