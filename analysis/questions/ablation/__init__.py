"""## What of mixup matters? (section 3.8, Table 5)

**Asked:** does it take mixed inputs, mixed labels, partners of every class, or would smoothed labels or noise do as
well? **Measured:** each row of the paper's table, and what came after it (CutMix, manifold mixup, more partners,
RegMixup), against ERM and against mixup at the same seeds, by two weight decays; the best of them once more on more
images. All mix by α = 1, manifold mixup too, for which its own paper takes 2. **Look at** the dots: left of ERM's line
is less error than ERM, left of mixup's less than mixup. **The paper** has one run a cell, and so no interval: mixup
4.24 % and ERM 5.53 % at the smaller weight decay; differences under 0.2 points may be its seeds.
"""

from analysis.question import Question
from analysis.questions.ablation.claimed import (
    any_pairs,
    best_of_all,
    deeper,
    hidden,
    labels_matter,
    little,
    no_more_partners,
    patches,
)
from analysis.questions.ablation.shown import (
    effects,
    effects_again,
    effects_of_best,
    in_numbers,
    in_numbers_again,
    in_numbers_of_best,
)

QUESTION = Question(
    __doc__,
    [effects, in_numbers, effects_again, in_numbers_again, effects_of_best, in_numbers_of_best],
    [best_of_all, any_pairs, labels_matter, deeper, little, no_more_partners, patches, hidden],
)
