"""## What of mixup matters? (section 3.8, Table 5)

**Asked:** does it take mixed inputs, mixed labels, partners of every class, or would smoothed labels or noise do as
well? **Measured:** each row of the paper's table, and what came after it (CutMix, manifold mixup, more partners,
RegMixup), against ERM and against mixup at the same seeds, by the weight decays that the tables name; the best of them
once more on more images, where that was run. All mix by α = 1, manifold mixup too, for which its own paper takes 2, and
RegMixup, whose own takes far more (from memory).
**Look at** the dots: left of ERM's line is less error than ERM, left of mixup's less than mixup. **The paper** has one
run a cell, and so no interval: mixup 4.24 % and ERM 5.53 % at a weight decay of 1e-4, 4.68 and 5.18 at 5e-4;
differences under 0.2 points may be its seeds.
"""

from analysis.question import Question
from analysis.questions.ablation.claimed import CLAIMS
from analysis.questions.ablation.shown import SHOWN

QUESTION = Question(__doc__, SHOWN, CLAIMS)
