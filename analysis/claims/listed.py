"""The claims of the deck (D), of the paper (P) and of later work (L), each as one sentence with what judges it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from analysis.claims import corrupted, probes, settings, speech, tabular, training
from analysis.claims.verdict import Asked, Verdict

Judge = Callable[[Asked], Verdict]


@dataclass(frozen=True)
class Claim:
    """
    source    slide, section, table or figure
    expected  what they have, or the direction alone
    judge     gives the verdict; None where no script makes such records yet, or another claim asks the same
    needs     what it would take, where there is no judge
    anywhere  asked of all records, whatever the setting: the judge finds its own
    same_as   the claim that asks the same: one question is counted once
    section   of the paper: its claims are corrected together
    """

    id: str
    sentence: str
    source: str
    expected: str
    judge: Judge | None = None
    needs: str = ""
    anywhere: bool = False
    same_as: str = ""
    section: str = ""


NO_SCRIPT = "no script of ours asks this yet: "

CLAIMS = [
    Claim(
        "D1",
        "mixup beats ERM in clean test accuracy",
        "deck 16",
        "+1.16 points",
        settings.less_error_of_each_network,
        section="3.2 CIFAR",
    ),
    Claim(
        "D2",
        "ERM's error is about 5.37 %, mixup's 4.21 %",
        "deck 20",
        "those",
        training.the_decks_errors,
        section="3.2 CIFAR",
    ),
    Claim(
        "D3", "ERM leads early, mixup later", "deck 17", "direction", training.ahead_early_and_late, section="3.2 CIFAR"
    ),
    Claim(
        "D4",
        "errors jump at the first drop of the rate, little at the second",
        "deck 17",
        "direction",
        training.jumps,
        section="3.2 CIFAR",
    ),
    Claim(
        "D5",
        "white-box FGSM: mixup errs less than ERM",
        "deck 19",
        "49.25 and 53.7, unit open",
        partial(probes.under, "white", "fgsm"),
        section="3.5 attacks",
    ),
    Claim(
        "D6",
        "black-box FGSM from ERM: mixup errs less than another ERM",
        "deck 19",
        "49.76 and 55.07, unit open",
        partial(probes.under, "black", "fgsm"),
        section="3.5 attacks",
    ),
    Claim(
        "D7",
        "some ε yields all four of the deck's numbers",
        "deck 19",
        "exists or not",
        probes.the_decks_four,
        section="3.5 attacks",
    ),
    Claim(
        "D8",
        "transferred examples hurt less than a model's own",
        "implied by deck 19",
        "direction",
        probes.transfer_is_weaker,
        section="3.5 attacks",
    ),
    Claim(
        "P1",
        "mixup lowers the error on CIFAR-10",
        "section 3.2",
        "1.4, 1.1, 1.0 points",
        section="3.2 CIFAR",
        same_as="D1",
    ),
    Claim(
        "P2",
        "the same on CIFAR-100",
        "section 3.2",
        "4.5, 1.9, 2.2 points",
        settings.less_error_on_cifar100,
        anywhere=True,
        section="3.2 CIFAR",
    ),
    Claim(
        "P3",
        "mixup and ERM reach their best at similar speed",
        "Fig. 3b",
        "direction",
        training.similar_speed,
        section="3.2 CIFAR",
    ),
    Claim(
        "P4",
        "fewer misses between training examples, most at λ = ½",
        "Fig. 2a",
        "16.4 and 5.9 %",
        probes.fewer_misses,
        section="2 in between",
    ),
    Claim(
        "P5",
        "smaller input gradients in between",
        "Fig. 2b",
        "direction",
        probes.smaller_gradients,
        section="2 in between",
    ),
    Claim(
        "P6",
        "mixup's border fades, ERM's is a step",
        "Fig. 1b",
        "wider .1 < p < .9",
        probes.wider_border,
        section="2 in between",
    ),
    Claim(
        "P7",
        "ImageNet: top-1 error falls for each network",
        "Table 1",
        "0.2 to 1.5 points",
        needs=NO_SCRIPT + "ImageNet does not fit in memory, which training asks for",
        section="3.1 ImageNet",
    ),
    Claim(
        "P8",
        "longer training and wider networks gain more from mixup",
        "section 3.1",
        "direction",
        settings.gain_grows,
        section="3.1 ImageNet",
    ),
    Claim(
        "P9",
        "on ImageNet α from 0.1 to 0.4 helps, a large α underfits",
        "section 3.1",
        "direction",
        needs=NO_SCRIPT + "ImageNet; P29 asks for the underfitting",
        section="3.1 ImageNet",
    ),
    Claim(
        "P10",
        "speech: mixup helps the large network",
        "Fig. 4",
        "4.6 to 3.4 %",
        partial(speech.helps, speech.LARGE, -1),
        anywhere=True,
        section="3.3 speech",
    ),
    Claim(
        "P11",
        "speech: and makes the small one worse",
        "Fig. 4",
        "10.3 to 10.8, 11.3 %",
        partial(speech.helps, speech.SMALL, 1),
        anywhere=True,
        section="3.3 speech",
    ),
    Claim(
        "P12",
        "corrupted labels: mixup of large α beats ERM, best epoch and last",
        "Table 2",
        "last epoch 16.6 to 6.4 at 20 %",
        corrupted.beats_erm,
        anywhere=True,
        section="3.4 corrupted labels",
    ),
    Claim(
        "P13",
        "corrupted labels: mixup beats dropout, best epoch and last",
        "Table 2",
        "direction",
        corrupted.beats_dropout,
        anywhere=True,
        section="3.4 corrupted labels",
    ),
    Claim(
        "P14",
        "corrupted labels: of mixup with dropout the last epoch is near the best",
        "Table 2",
        "within 0.8 points",
        corrupted.last_is_near_the_best,
        anywhere=True,
        section="3.4 corrupted labels",
    ),
    Claim(
        "P15",
        "mixup learns the real labels and not the corrupted",
        "Table 2",
        "errors 2 to 19 and about 85 %",
        corrupted.leaves_corrupted_labels,
        anywhere=True,
        section="3.4 corrupted labels",
    ),
    Claim(
        "P16",
        "the best α rises with the noise",
        "Table 2",
        "8, 32, 32",
        corrupted.best_alpha_rises,
        anywhere=True,
        section="3.4 corrupted labels",
    ),
    Claim(
        "P17",
        "white-box FGSM: mixup is right more often",
        "section 3.5",
        "2.7 times",
        section="3.5 attacks",
        same_as="D5",
    ),
    Claim(
        "P18",
        "black-box FGSM: likewise",
        "section 3.5",
        "1.26 times",
        section="3.5 attacks",
        same_as="D6",
    ),
    Claim(
        "P19",
        "black-box I-FGSM: likewise",
        "section 3.5",
        "1.4 times",
        partial(probes.under, "black", "ifgsm"),
        section="3.5 attacks",
    ),
    Claim(
        "P20",
        "neither resists white-box I-FGSM or PGD: more errors than by guessing",
        "section 3.5",
        "errors above 99 %, of 1,000 classes",
        probes.neither_resists,
        section="3.5 attacks",
    ),
    Claim(
        "P21",
        "tables: better on four of six, worse on none",
        "Table 4",
        "direction",
        tabular.better_on_four,
        anywhere=True,
        section="3.6 tables",
    ),
    Claim(
        "P22",
        "mixup's GAN covers the modes where a plain one diverges",
        "Fig. 5",
        "direction",
        needs=NO_SCRIPT + "GANs",
        section="3.7 GAN",
    ),
    Claim(
        "P23",
        "mixup is the best of all ablations",
        "Table 5",
        "4.24 %",
        needs=NO_SCRIPT + "the ablations",
        section="3.8 ablation",
    ),
    Claim(
        "P24",
        "ERM prefers a weight decay of 5e-4, mixup 1e-4",
        "Table 5",
        "5.53 > 5.18, 4.24 < 4.68",
        settings.weight_decays,
        section="3.8 ablation",
    ),
    Claim(
        "P25",
        "pairs of all classes beat those of one, random ones beat neighbours",
        "Table 5",
        "4.24 and 4.98 %",
        needs=NO_SCRIPT + "other pairings",
        section="3.8 ablation",
    ),
    Claim(
        "P26",
        "mixing the labels matters",
        "Table 5",
        "5.17 and 5.18 %",
        needs=NO_SCRIPT + "mixed inputs alone",
        section="3.8 ablation",
    ),
    Claim(
        "P27",
        "mixing hidden layers helps less with depth",
        "Table 5",
        "4.44 to 5.95 %",
        needs=NO_SCRIPT + "mixed hidden layers",
        section="3.8 ablation",
    ),
    Claim(
        "P28",
        "label smoothing or noise alone do little",
        "Table 5",
        "direction",
        needs=NO_SCRIPT + "smoothing and noise",
        section="3.8 ablation",
    ),
    Claim(
        "P29",
        "clean training error rises with α, the gap falls",
        "section 5",
        "direction",
        settings.rises_with_alpha,
        section="5 discussion",
    ),
    Claim(
        "P30",
        "mixing three or more adds nothing",
        "section 2",
        "direction",
        needs=NO_SCRIPT + "more than two partners",
        section="3.8 ablation",
    ),
    Claim(
        "L1",
        "cross-entropy and calibration error are lower under mixup",
        "Thulasidasan 2019",
        "direction",
        training.calibrated,
        section="later work",
    ),
    Claim(
        "L2",
        "in a short training mixup is no better than ERM",
        "reports of others",
        "direction",
        settings.no_gain_when_short,
        section="later work",
    ),
    Claim(
        "L3",
        "under mixup the test error turns up again in very long training on few rows",
        "Liu 2023",
        "direction",
        needs="very long trainings, python scripts/train.py --subset 5000 --epochs 2000 --mixup, and a verdict on them",
        section="later work",
    ),
    Claim(
        "L4",
        "PGD removes what mixup gains under FGSM",
        "Pang 2020, Lamb 2019",
        "direction",
        probes.the_gain_is_gone,
        section="3.5 attacks",
    ),
]
