"""What counts as drift. One place, no heavy library: the engine reads it as well as the process that measures.

``SOME`` and ``LARGE`` are what the industry calls some and a large shift of the population stability index: N. Siddiqi,
Credit Risk Scorecards, Wiley 2006. For two normal distributions with equal deviations they are means 0.32 and 0.50
deviations apart; for a label that 30 of 100 rows have, 14 and 23 points more or less.
"""

from __future__ import annotations

from datetime import timedelta

SOME, LARGE = 0.1, 0.25
# An alarm ends at half of what raises it, so that it does not come and go with the noise around one line.
ENDED = SOME / 2
# Up to this, a change seen at a single look may be an accident; the budget of false alarms asks for less, see alarm.
ACCIDENT = 0.001
FEWEST_ROWS = 30
# Expected false alarms per project and month, over all columns: at most one is allowed, and with a mean of a tenth a
# month with two comes once in 17 years.
FALSE_ALARMS = 0.1
MONTH = timedelta(days=30)
