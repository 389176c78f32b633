"""How the tables of scoring over HTTP, its tokens and what is fed back are taken back to a moment; see ``rules``."""

from __future__ import annotations

from engine.rewind.table_rule import TableRule, grown

SERVING_RULES = (
    TableRule(
        "workers",
        (
            "DELETE FROM workers WHERE began_at > :at",
            "UPDATE workers SET ended_at = NULL, why = NULL WHERE ended_at > :at",
            "UPDATE workers SET answers = '{}', said_at = :at WHERE said_at > :at",
        ),
        "what a worker answered with, where it has said something else since, and those that ended a week before",
    ),
    TableRule(
        "confirmations",
        (
            "DELETE FROM confirmations WHERE at > :at"
            " OR preparation IN (SELECT id FROM preparations WHERE at > :at)",
        ),
    ),
    TableRule(
        "preparations",
        (
            "DELETE FROM preparations WHERE at > :at",
            "UPDATE preparations SET ended_at = NULL, how = NULL, why = NULL WHERE ended_at > :at",
        ),
    ),
    TableRule(
        "taken_out",
        (
            "DELETE FROM taken_out WHERE at > :at",
            "UPDATE taken_out SET until = NULL, ended_by = NULL WHERE until > :at",
        ),
    ),
    TableRule("trials", ("DELETE FROM trials WHERE audit > :head",)),
    TableRule(
        "shadow_figures",
        ("DELETE FROM shadow_figures WHERE hour > :at OR trial NOT IN (SELECT seq FROM trials)",),
        "what a shadow came to in the hour of the moment itself and after it",
    ),
    grown("token_uses"),
    TableRule(
        "tokens",
        (
            "DELETE FROM tokens WHERE made_at > :at",
            "UPDATE tokens SET replaced_at = NULL, replaced_said = NULL, replaced_by = NULL WHERE replaced_said > :at",
            "UPDATE tokens SET revoked_at = NULL, revoked_by = NULL WHERE revoked_at > :at",
        ),
    ),
    TableRule(
        "request_blocks",
        (
            "DELETE FROM request_blocks WHERE written_at > :at",
            "UPDATE request_blocks SET ended_at = NULL, why = NULL WHERE ended_at > :at",
        ),
        "blocks of requests that were let go of long since",
    ),
    TableRule(
        "request_counts",
        ("DELETE FROM request_counts WHERE minute > :at",),
        "what came in the minute of the moment itself and after it",
    ),
    TableRule(
        "skew_checks",
        ("DELETE FROM skew_checks WHERE at > :at",),
        "the rows that differed, of a check that is older than the request log is kept",
    ),
    grown("capacities"),
    grown("feedback_decisions"),
    grown("feedback_agreements"),
    TableRule(
        "feedback_packed",
        ("DELETE FROM feedback_packed WHERE block IN (SELECT id FROM feedback_blocks WHERE at > :at)",),
    ),
    grown("feedback_blocks"),
    grown("feedback_batches"),
    grown("learnt_words"),
    grown("frozen_learners"),
    grown("learner_resets"),
)
