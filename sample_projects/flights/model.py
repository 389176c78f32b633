"""The model of late flights. It is apart from the data: a look every quarter of an hour need not load what trains."""

import numpy as np
import pandas as pd
from flights import CATEGORIES
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def train(features: pd.DataFrame, target: pd.Series) -> Pipeline:
    """Small boosted trees. A carrier, airport or gap never seen in training counts as missing."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = ColumnTransformer([("categories", encode, CATEGORIES)], remainder="passthrough")
    trees = HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=60,
        max_leaf_nodes=15,
        min_samples_leaf=60,
        l2_regularization=5.0,
        categorical_features=list(range(len(CATEGORIES))),
        early_stopping=False,
        random_state=2013,
    )
    return make_pipeline(columns, trees).fit(features, target)
