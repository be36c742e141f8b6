"""scikit-learn's classifiers, to hold ours against on the very same rows of a table."""

import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from common.data.dataset import Part
from common.options.baseline import Method

# Rounds of each by default: steps of L-BFGS, trees of a class, epochs. What converges sooner stops sooner.
ROUNDS: dict[Method, int] = {"logistic_regression": 1000, "gradient_boosting": 100, "mlp": 200}


def build(method: Method, seed: int, rounds: int | None = None) -> Pipeline:
    """A classifier by scikit-learn's defaults. Ours are: columns standardised by the rows that it is fitted on (trees
    do without), the study's two hidden layers of 128 units, no rows held back for stopping early, which classes of few
    rows cannot spare, and for trees an L2 penalty of 1, as XGBoost's: with none, boosting diverges on Abalone, whose
    rarest classes have a row or two (84 % errors on its own training rows).

    rounds  at most so many; by default `ROUNDS`
    """
    n = rounds or ROUNDS[method]
    if method == "logistic_regression":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=n))
    if method == "gradient_boosting":
        trees = HistGradientBoostingClassifier(max_iter=n, l2_regularization=1, early_stopping=False, random_state=seed)
        return make_pipeline(trees)
    return make_pipeline(StandardScaler(), MLPClassifier((128, 128), max_iter=n, random_state=seed))


def fit(classifier: Pipeline, train: Part) -> bool:
    """Fits it to a training part. returns whether it stopped before its rounds were over, where they are a limit"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(train.inputs.numpy().astype(np.float64), train.labels.numpy())
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def wrong(classifier: Pipeline, part: Part) -> np.ndarray:
    """Whether each row is predicted wrongly, bool (n,)."""
    return np.asarray(classifier.predict(part.inputs.numpy().astype(np.float64)) != part.labels.numpy())
