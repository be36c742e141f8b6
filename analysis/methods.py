"""What was trained by: ERM, or a way of mixing, with or without dropout, smoothed labels, noise; or which of
scikit-learn's models it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

from common.options import gan
from common.options.defaults import smoothing_of
from common.options.train import OF_MIXUP

OF_ALL = {"label_smoothing": "label smoothing {:g}", "noise": "noise {:g}"}  # with and without mixing, in words
OPTIONS = ("mixup", *OF_MIXUP, "dropout", *OF_ALL)  # of training, that make a method

NAMES = {"inputs": "mixup", "patches": "CutMix", "hidden": "manifold mixup"}  # by what is mixed
NAMES |= {f"layer{number}": f"mixup before layer {number}" for number in range(1, 6)}
MORE = {  # what else departs from mixup, or from ERM, in words
    "partners": "{} partners each",
    "pairs": "{} pairs",
    "neighbours": "{} neighbours",
    "targets": "inputs only",
    "cooldown_epochs": "ERM in the last {} epochs",
    "mixup_prob": "with probability {:g}",
    "regmixup": "RegMixup {:g}",
} | OF_ALL
NONE = "label_smoothing", 0  # where a recipe brings some
OF_LOSS = {  # of GANs, where it is not the usual one
    "lam_max": "λ up to {:g}",
    "penalty": "penalty {:g}",
    "discriminator_steps": "discriminator steps {}",
}


@total_ordering
@dataclass(frozen=True, repr=False)
class Method:
    """One is equal to another of the same fields, and comes after those whose names come before its own.

    alpha          of what is mixed; None: λ is 1, which is ERM
    per_row        one λ a row, rather than one a batch
    warmup_epochs  of ERM, before mixup
    dropout        the probability
    mix            what is mixed: the "inputs" (mixup), their "patches" (CutMix), what a layer is given
    more           what else departs from mixup, or from ERM: options of training with their values. A share of label
                   smoothing that a recipe brings departs from nothing: whoever follows it has it
    model          of scikit-learn, or the loss of a GAN, by its name; "": a network of ours
    says_one       whether α = 1 is said in the name, since other α stand beside it
    """

    alpha: float | None = None
    per_row: bool = False
    warmup_epochs: int = 0
    dropout: float = 0.0
    mix: str = "inputs"
    more: tuple[tuple[str, Any], ...] = ()
    model: str = ""
    says_one: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Method":
        """raises nothing: what a configuration does not have is not in it"""
        usual = OF_MIXUP | {"label_smoothing": smoothing_of(config.get("recipe")), "noise": 0.0}
        asked = {option: config.get(option, usual[option]) for option in (MORE if config["mixup"] else OF_ALL)}
        more = tuple((option, value) for option, value in asked.items() if value != usual[option])
        dropout = config.get("dropout") or 0.0
        if not config["mixup"]:
            return cls(dropout=dropout, more=more)
        per_row, first = config.get("lam_per") == "row", config.get("warmup_epochs") or 0
        return cls(config["alpha"], per_row, first, dropout, config.get("mix", "inputs"), more)

    @classmethod
    def of_gan(cls, config: Mapping[str, Any]) -> "Method":
        """What a GAN is trained by: mixup, or another loss."""
        loss, steps = str(config["loss"]), "discriminator_steps"
        usual: dict[str, Any] = {steps: gan.GanTrainingOptions.discriminator_steps}
        if loss != "mixup":
            usual = gan.TAKES.get(loss, {}) | usual
        more = tuple((name, config[name]) for name, value in usual.items() if config[name] != value)
        if loss == "mixup":
            return cls(config["alpha"], more=more, says_one=True)
        return cls(model=LOSSES.get(loss, loss), more=more)

    @property
    def is_kin(self) -> bool:
        """Whether it is none of ERM, mixup and dropout, but of their kin."""
        return self.mix != "inputs" or bool(self.more)

    @property
    def is_mixup(self) -> bool:
        return self.alpha is not None and not self.is_kin

    @property
    def is_the_papers(self) -> bool:
        """Whether it is mixup as the paper has it on CIFAR-10: α = 1, one λ a batch, and nothing else."""
        return self == Method(1.0)

    def __str__(self) -> str:
        """ "ERM"; "mixup" for α = 1 and one λ a batch; else what departs: "dropout p=0.5", "mixup α=8", "mixup α=8 +
        dropout p=0.5", "mixup α=0.2 after 5 epochs of ERM", "label smoothing 0.1", "mixup, inputs only"."""
        dropout, first = f"dropout p={self.dropout:g}" if self.dropout else "", self.warmup_epochs
        more = ["no label smoothing" if one == NONE else (MORE | OF_LOSS)[one[0]].format(one[1]) for one in self.more]
        if self.model:
            return self.model + (f" ({', '.join(more)})" if more else "")
        if self.alpha is None:
            return ", ".join(filter(None, [dropout, *more])) or "ERM"
        name = NAMES.get(self.mix, f"mixup ({self.mix})") + (
            f" α={self.alpha:g}" if self.alpha != 1 or self.per_row or self.says_one else ""
        )
        name = ", ".join([name, *more])
        name += (", λ per row" if self.per_row else "") + (f" + {dropout}" if dropout else "")
        return name + (f" after {first} epoch{'s' if first > 1 else ''} of ERM" if first else "")

    __repr__ = __str__

    def __lt__(self, other: "Method") -> bool:
        return str(self) < str(other)


ERM, MIXUP = Method(), Method(1.0)
LOSSES = {  # of GANs, but for mixup
    "saturating": "plain loss",
    "non-saturating": "non-saturating loss",
    "mixup-authors": "the authors' code",
    "r3gan": "R3GAN",
}
BASELINES = {
    "logistic_regression": Method(model="logistic regression"),
    "gradient_boosting": Method(model="gradient boosting"),
    "mlp": Method(model="scikit-learn's MLP"),
}


def in_order(methods: Iterable[Method]) -> list[Method]:
    """ERM, mixup where it is of one α, then dropout, mixup of several α, both: by their numbers; and their kin."""

    def place(method: Method) -> tuple[Any, ...]:
        alone = method.is_the_papers and not method.says_one
        numbers = method.alpha or 0.0, method.dropout, method.warmup_epochs
        is_both = method.is_mixup and method.dropout > 0
        return method != ERM, not alone, method.is_kin, method.is_mixup, is_both, numbers, method

    return sorted(set(methods), key=place)
