"""Is this web site phishing? From how its page and its address are made; it goes on learning from people's verdicts.

The sites and verdicts are real, the times are not: the data has none. In every year the same sites are reported in the
same order, one every seven hours, so there are always new ones. See README.md for what that means.
"""

import gzip
import io
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import files

import pandas as pd
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

EVERY = timedelta(hours=7)
HISTORY = timedelta(days=364)  # less than a year, after which the same sites are reported again
REVIEWED = timedelta(days=200)  # so long after it was reported a site is in the list that experts have looked through
VERDICT = timedelta(days=1)  # so long after it was reported people have said what it was: this comes as feedback
TABLE = "river/datasets/phishing.csv.gz"


def extract(as_of: datetime) -> pd.DataFrame:
    """The sites that were reported in the year before ``as_of``, a row each, in the order of their reports.

    ``is_phishing`` is there for those that experts have looked through by then, and is missing for the newer ones.
    """
    until = as_of.astimezone(UTC)
    table = reported(until - HISTORY, until)
    reviewed = table["reported_at"] <= until - REVIEWED
    table["is_phishing"] = table["is_phishing"].astype("Int64").where(reviewed)
    return table


def train(features: pd.DataFrame, target: pd.Series) -> Pipeline:
    """A logistic regression by stochastic gradient descent, which can be gone on with row by row."""
    steps = SGDClassifier(loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=0.01, random_state=1250)
    return make_pipeline(StandardScaler(), steps).fit(features, target.astype("int64"))  # floats beside its gaps


def verdicts(since: datetime, until: datetime) -> pd.DataFrame:
    """What people said between both moments of the sites that were reported a day before: key, label and time."""
    table = reported(since - VERDICT, until - VERDICT)
    return pd.DataFrame(
        {"site": table["site"], "label": table["is_phishing"], "time": table["reported_at"] + VERDICT}
    )


def reported(since: datetime, until: datetime) -> pd.DataFrame:
    """The sites that were reported after ``since``, up to ``until``."""
    sites = _sites()
    years = [_of_year(sites, year) for year in range(since.year, until.year + 1)]
    table = pd.concat(years, ignore_index=True)
    return table[(table["reported_at"] > since) & (table["reported_at"] <= until)].reset_index(drop=True)


def _of_year(sites: pd.DataFrame, year: int) -> pd.DataFrame:
    """All sites as they are reported in one year, the first on New Year."""
    table = sites.copy()
    table.insert(0, "site", [f"{year}-{number:04}" for number in range(len(sites))])
    reported_at = pd.date_range(datetime(year, 1, 1, tzinfo=UTC), periods=len(sites), freq=EVERY, unit="us")
    table.insert(1, "reported_at", reported_at)
    return table


def _sites() -> pd.DataFrame:
    """The file inside River, which need not be imported for it."""
    found = [file for file in files("river") or [] if str(file) == TABLE]
    if not found:
        raise FileNotFoundError(f"river is installed without its {TABLE}; install it again.")
    content = gzip.decompress(found[0].locate().read_bytes())
    return pd.read_csv(io.BytesIO(content)).astype({"is_phishing": "int8"})


if __name__ == "__main__":  # python phishing.py SINCE UNTIL > labels.csv
    moments = [datetime.fromisoformat(text) for text in sys.argv[1:3]]
    since, until = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    verdicts(since, until).to_csv(sys.stdout, index=False)
