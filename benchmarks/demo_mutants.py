"""Faults in the demo's server, its callers and what learns from them: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_SERVED = ("tests/journeys/test_the_demo_is_served.py",)
_ASKS = ("tests/console/test_what_the_demo_asks.py",)
_LEARNING, _CALLERS, _ATTENDANT = "console/demo/learning.py", "console/demo/callers.py", "console/demo/attendant.py"

DEMO = (
    Fault("labels of the last weeks come after their answers", _LEARNING, "week if number <= taught else lately(week)", "week", _SERVED),
    Fault("what comes lately is not taught yet", _LEARNING, "taught = len(weeks) - len(weeks) // LATELY", "taught = len(weeks)", _SERVED),
    Fault("a demo that goes on tells nothing twice", _LEARNING, "if number > done:", "if True:", _SERVED),
    Fault("health is looked at when all that was answered is in the log", "console/demo/make.py", "    _look_at_health(tales, engine, told)\n    replace", "        _look_at_health(tales, engine, told)\n    replace", _SERVED),
    Fault("labels of just now are no labels without an answer", "engine/jobs/health/answered.py", "fresh=fresh(memory.came, context.run.as_of),", "", _SERVED),
    Fault("what was known is not asked again", _LEARNING, "if label is not None and not known:", "if label is not None:", _ASKS),
    Fault("what is said later is not known yet", _LEARNING, ' if moment(each["time"]) <= until}', "}", _ASKS),
    Fault("what is asked later is that of the beginning", _LEARNING, "if not file.exists():", "if True:", _SERVED),
    Fault("the newest rows are asked for", _CALLERS, "reverse=True", "reverse=False", _ASKS),
    Fault("a gap is asked as one", _CALLERS, "value != value", "False", _ASKS),
    Fault("nothing outlives a console that was killed", _ATTENDANT, "    ended.set()\n", "    pass\n", _SERVED),
    Fault("an idle connection is not used again", _CALLERS, "if self._monotonic() - self._used > IDLE:", "if False:", _ASKS),
    Fault("callers come at any moment", "console/demo/traffic.py", "drawn.expovariate(rate)", "1 / rate", _ASKS),
    Fault("a month without a retrain is looked past", "console/demo/replay.py", "while len(found) < weeks:", "if True:", _ASKS),
)
