"""## Does mixup gain less, the more examples there are?

**Asked:** all else equal, what becomes of mixup's gain as training rows are added? **Measured:** test error of ERM and
mixup at the same seeds and rows, each for the same epochs, so that twice the rows are twice the steps. **Look at** the
lower panels: whether what lies between them shrinks.
"""

from dataclasses import replace

from analysis import missing, over
from analysis.collect import Results
from analysis.figure import Figure
from analysis.measures import pair, test_error
from analysis.question import Question, figure_of_all
from analysis.setting import Setting, families
from analysis.verdict import said


@figure_of_all("examples", "Test error over the number of training rows")
def error_over_examples(results: Results) -> Figure:
    """A column for each data set: of what differs in the number of rows alone, what has most pairs."""
    columns: dict[str, list[Setting]] = {}
    for family in families(results, "subset"):
        settings = sorted(over.shown(family.values()), key=lambda one: one.n_train)
        title = str(settings[0].config["dataset"]) if settings else ""
        if sum(one.pairs for one in settings) > sum(one.pairs for one in columns.get(title, [])):
            columns[title] = settings
    if not columns:
        return Figure(missing=missing.study(results, "on several numbers of rows", "few-digits"))
    told = ". ".join(
        f"{title}, {one.n_train:,} rows in batches of {one.config['batch_size']} (n = {one.pairs}): "
        + said(pair(test_error(one.here), one.mixup))
        for title, settings in columns.items()
        for one in settings
    )
    caption = f"{told}. Above: each seed, and means with 95 % t intervals; below: the mean difference, with its own."
    alt = f"Errors of ERM and mixup over the number of training rows. {told}."
    return replace(over.drawn(columns, lambda one: one.n_train, "training rows"), caption=caption, alt=alt)


QUESTION = Question(__doc__, [error_over_examples])
