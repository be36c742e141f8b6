"""What the paper claims on ImageNet. There is what trains and attacks there, and nobody has."""

from analysis.question import Claim, Question

IMAGENET = "3.1 ImageNet"
NOT_RUN = "not run here, where neither the images nor GPUs are; with them: python scripts/study.py imagenet"
FALLS, SMALL = (
    "ImageNet: top-1 error falls for each network",
    "on ImageNet α from 0.1 to 0.4 helps, a large α underfits",
)

CLAIMS = [
    Claim("P7", FALLS, "Table 1", "0.2 to 1.5 points", IMAGENET, needs=NOT_RUN),
    Claim("P9", SMALL, "section 3.1", "direction", IMAGENET, needs=NOT_RUN),
]
QUESTION = Question("", claims=CLAIMS)
