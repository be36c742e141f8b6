"""What the paper claims and no script of ours asks yet."""

from analysis.question import Claim, Question

IMAGENET, GAN, ABLATION, TABLE = "3.1 ImageNet", "3.7 GAN", "3.8 ablation", "Table 5"
TOO_LARGE = "ImageNet does not fit in memory, which training asks for"
SMALL = "on ImageNet α from 0.1 to 0.4 helps, a large α underfits"
DEEPER = "mixing hidden layers helps less with depth"
DEEPER = "mixing hidden layers helps less with depth"
PAIRS = "pairs of all classes beat those of one, random ones beat neighbours"


def _claim(id: str, sentence: str, source: str, expected: str, section: str, needs: str, seen: bool = True) -> Claim:
    return Claim(id, sentence, source, expected, section, needs=f"no script of ours asks this yet: {needs}", seen=seen)


CLAIMS = [
    _claim("P7", "ImageNet: top-1 error falls for each network", "Table 1", "0.2 to 1.5 points", IMAGENET, TOO_LARGE),
    _claim("P9", SMALL, "section 3.1", "direction", IMAGENET, "ImageNet; P29 asks for the underfitting"),
    _claim("P22", "mixup's GAN covers the modes where a plain one diverges", "Fig. 5", "direction", GAN, "GANs"),
    _claim("P23", "mixup is the best of all ablations", TABLE, "4.24 %", ABLATION, "the ablations"),
    _claim("P25", PAIRS, TABLE, "4.24 and 4.98 %", ABLATION, "other pairings", seen=False),
    _claim("P26", "mixing the labels matters", TABLE, "5.17 and 5.18 %", ABLATION, "mixed inputs alone", seen=False),
    _claim("P27", DEEPER, TABLE, "4.44 to 5.95 %", ABLATION, "mixed hidden layers", seen=False),
    _claim("P28", "label smoothing or noise alone do little", TABLE, "direction", ABLATION, "smoothing and noise"),
    _claim("P30", "mixing three or more adds nothing", "section 2", "direction", ABLATION, "more than two partners"),
]
QUESTION = Question("", claims=CLAIMS)
