"""The tables of routing and of duty, as the migration of that name makes them."""

# `routes`: a row is a rule that was in force from `at` until `until`; a change ends one and begins another. `routed`:
# what a route has done, each time once (`key`): a digest, or a step of an escalation; written with the mail that it
# queues. `reached`: how many addresses that were. `handovers`: one is offered, then taken or withdrawn; whoever took
# the newest is on duty. `former`: who was on duty until then. `matters`: what was open and promised, as it was then.
# In the outbox `held`: the route that lets a row wait; `gathered_in`: the row that tells what this one would have.
ROUTING = """
CREATE TABLE routes (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('reach', 'quiet', 'digest', 'escalate')),
    who     TEXT NOT NULL,
    address TEXT NOT NULL,
    starts  TEXT NOT NULL,
    ends    TEXT NOT NULL,
    days    TEXT NOT NULL,
    zone    TEXT NOT NULL,
    lets    TEXT NOT NULL CHECK (lets IN ('failing', 'nothing')),
    after   INTEGER NOT NULL,
    project TEXT REFERENCES projects (name),
    at      TEXT NOT NULL,
    by      TEXT NOT NULL,
    until   TEXT
) STRICT;

CREATE TABLE routed (
    id      INTEGER PRIMARY KEY,
    route   INTEGER NOT NULL REFERENCES routes (id),
    key     TEXT NOT NULL,
    alert   INTEGER REFERENCES alerts (id),
    due     TEXT NOT NULL,
    at      TEXT NOT NULL,
    reached INTEGER NOT NULL,
    why     TEXT NOT NULL,
    UNIQUE (route, key)
) STRICT;
CREATE INDEX routed_by_alert ON routed (alert) WHERE alert IS NOT NULL;

CREATE TABLE handovers (
    id           INTEGER PRIMARY KEY,
    former       TEXT,
    to_whom      TEXT NOT NULL,
    by           TEXT NOT NULL,
    note         TEXT NOT NULL,
    matters      TEXT NOT NULL,
    offered_at   TEXT NOT NULL,
    taken_at     TEXT,
    withdrawn_at TEXT,
    CHECK (taken_at IS NULL OR withdrawn_at IS NULL)
) STRICT;
CREATE UNIQUE INDEX handovers_open ON handovers ((1)) WHERE taken_at IS NULL AND withdrawn_at IS NULL;

ALTER TABLE outbox ADD COLUMN held INTEGER REFERENCES routes (id);
ALTER TABLE outbox ADD COLUMN gathered_in INTEGER REFERENCES outbox (id);
CREATE INDEX outbox_held ON outbox (recipient) WHERE held IS NOT NULL;
CREATE INDEX outbox_gathered ON outbox (gathered_in) WHERE gathered_in IS NOT NULL;
CREATE INDEX news_of_alerts ON news (about, at) WHERE kind = 'red';
"""
