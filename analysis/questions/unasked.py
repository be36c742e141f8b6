"""What the paper claims and no script of ours asks yet."""

from analysis.question import Claim, Question

IMAGENET = "3.1 ImageNet"
TOO_LARGE = "ImageNet does not fit in memory, which training asks for"
SMALL = "on ImageNet α from 0.1 to 0.4 helps, a large α underfits"


def _claim(id: str, sentence: str, source: str, expected: str, section: str, needs: str, seen: bool = True) -> Claim:
    return Claim(id, sentence, source, expected, section, needs=f"no script of ours asks this yet: {needs}", seen=seen)


CLAIMS = [
    _claim("P7", "ImageNet: top-1 error falls for each network", "Table 1", "0.2 to 1.5 points", IMAGENET, TOO_LARGE),
    _claim("P9", SMALL, "section 3.1", "direction", IMAGENET, "ImageNet; P29 asks for the underfitting"),
]
QUESTION = Question("", claims=CLAIMS)
