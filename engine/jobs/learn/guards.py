"""The guard rails within which what was learnt may go live by itself. Pure.

It is off where a person's approval alone is enough to begin with: where the policy in force wants two people, four eyes
or certain approvers, a rule in a manifest stands for none of them.
"""

from __future__ import annotations

from datetime import datetime

from engine.access.approval import Policy
from engine.projects.manifest.records import LearnSpec
from engine.records import Comparison, GateVerdict
from engine.text import span


def why_not_by_itself(
    spec: LearnSpec,
    policy: Policy,
    verdict: GateVerdict,
    comparison: Comparison,
    changed: float | None,
    last: datetime | None,
    now: datetime,
    *,
    gone_back: bool = False,
) -> str | None:
    """Why a version waits for a person, as a sentence without its end; None where it may go live by itself.

    ``verdict`` and ``comparison`` are the judge's, by what was predicted before it was learnt, against the live version
    as it was, on the same rows; ``changed``: the share of these that it decides otherwise; ``last``: when the learner
    last made a version live by itself; ``gone_back``: what is live was rolled back to.
    """
    if spec.approval != "guarded":
        return "[learn] approval says that a person decides"
    if policy.approvals > 1 or policy.four_eyes or policy.approvers:
        return "the policy in force wants certain people, and a rule of the project's is none of them"
    if gone_back:
        return "somebody has rolled back to what is live, and the learner does not overrule that"
    if verdict not in ("pass", "warn"):
        return "it did not pass its gates"
    if verdict == "warn":
        return "one of its gates warns"
    if comparison not in ("better", "same", "cannot tell"):
        said = "is surely below the live version" if comparison == "worse" else "could not be held against the live one"
        return f"on the same rows it {said}"
    if changed is None and spec.most_changed < 1:
        return "nobody can tell how many of its decisions are other ones; only most_changed = 1 lets numbers pass"
    if changed is not None and changed > spec.most_changed:
        return f"it decides {changed:.1%} of the rows otherwise, and [learn] most_changed is {spec.most_changed:.1%}"
    if last is not None and now - last < spec.at_most_every:
        every, ago = span(spec.at_most_every.total_seconds()), span(max(0.0, (now - last).total_seconds()))
        return f"the last one went live by itself {ago} ago, and [learn] at_most_every is {every}"
    return None
