"""What people type who know other programs, and what is said to them: what it is called here, or how it is written."""

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import tyro

from common.errors import meant

# What an option is called elsewhere. A name may stand for several here: a script has one of them at most.
ELSEWHERE = {
    "accum accum-iter grad-accum grad-accum-steps gradient-accumulation-steps update-freq": ["accumulate"],
    "arch architecture backbone m model-name net network": ["model"],
    "a beta cutmix-alpha mix-alpha mixup-alpha": ["alpha"],
    "b batch batchsize bs mini-batch per-device-train-batch-size train-batch-size": ["batch-size"],
    "ckpt ckpt-dir checkpoint checkpoints save-dir weights-dir": ["checkpoint-dir"],
    "data data-folder data-path data-root datadir root": ["data-dir"],
    "data-set dataset-name d ds task": ["dataset"],
    "decay-epochs lr-decay lr-milestones lr-schedule lr-step lr-steps milestones": ["lr-drops"],
    "dry-run dryrun estimate": ["plan"],
    "drop-rate dropout-rate p-drop": ["dropout"],
    "e ep max-epochs n-epochs nb-epochs nepochs num-epochs num-train-epochs": ["epochs"],
    "attack attack-type method methods": ["attacks", "methods"],
    "eps epsilon linf max-eps perturbation radius": ["epsilons"],
    "f force redo": ["overwrite"],
    "base-lr initial-lr learning-rate learningrate rate": ["lr"],
    "j n-jobs num-jobs parallel": ["jobs"],
    "l2 l2-reg l2-regularization wd weight-penalty": ["weight-decay"],
    "label-noise noise-rate noisy-labels": ["corrupt-labels"],
    "log log-with logger report-to": ["tracker"],
    "n n-train num-samples train-size train-subset": ["subset"],
    "n-pairs num-pairs samples": ["pairs"],
    "num-threads nthreads t": ["threads"],
    "num-steps pgd-iter pgd-iters steps": ["pgd-steps"],
    "num-restarts restarts": ["pgd-restarts"],
    "opt optim": ["optimizer"],
    "lr-scheduler scheduler": ["schedule"],
    "ema swa": ["lookahead"],
    "smoothing": ["label-smoothing"],
    "o out outdir output output-dir outputs results": ["results-dir"],
    "label label-column target-column y": ["target"],
    "random-seed random-state rng-seed s seeds": ["seed", "seeds"],
    "test-size test-split": ["test-share"],
    "cutmix manifold manifold-mixup mixup-mode": ["mix"],
    "cutmix-prob p prob": ["mixup-prob"],
    "mixup-off-epoch": ["cooldown-epochs"],
    "knn n-neighbors neighbors": ["neighbours"],
    "gaussian-noise noise-std sigma": ["noise"],
    "eta": ["regmixup"],
    "val-size val-split valid-size validation": ["holdout"],
    "warmup warmup-steps": ["warmup-epochs"],
    "k width-factor widen-factor": ["width"],
    "iters max-iters n-iterations n-iters num-iters num-iterations": ["iterations"],
    "critic-iters critic-steps d-steps disc-steps extra-d n-critic": ["discriminator-steps"],
    "latent-dim n-latent noise-dim nz z z-dim": ["latent"],
    "gamma gp lambda-gp r1 r1-gamma": ["penalty"],
}
# What no script has, since there is nothing to say there.
NEEDLESS = {
    "continue from-checkpoint load resume": "a run that was stopped goes on by itself, by the same command",
    "cpu cuda device g gpu gpu-id gpus no-cuda": "Accelerate takes the GPU where there is one; to choose, "
    "CUDA_VISIBLE_DEVICES=1 before the command, or accelerate launch --cpu",
    "amp autocast bf16 fp16 half mixed-precision precision": "it is the launcher's: "
    "accelerate launch --mixed_precision bf16 scripts/…",
    "dist-url local-rank nproc num-machines num-processes world-size": "it is the launcher's: "
    "accelerate launch --num_processes 8 scripts/…",
    "dataloader-num-workers num-workers pin-memory prefetch workers": "the data lie on the device, and no worker "
    "loads them",
    "erm standard": "ERM is what runs without --mixup",
    "cosine gamma": "the rate is divided by ten at --lr-drops, as the authors'; for another course, --schedule",
    "nesterov": "momentum is without Nesterov, as the authors'; with it: --optimizer nesterov",
    "download": "what is not on the disk is asked of the hub",
    "lambda lam": "it is drawn from Beta(alpha, alpha): --alpha",
}


def of(fields: Mapping[str, Any], argv: Sequence[str]) -> str | None:
    """What to say of a command line that does not parse: the first thing that is wrong with it and the way out, or None
    where nothing is known that a user would not see.

    fields  the type of each option by its name, in groups or not
    """
    options = {name.replace("_", "-"): kind for name, kind in fields.items() if not _is_positional(kind)}
    flags = {f"no-{name}" for name, kind in options.items() if _kinds(kind) == [bool]}
    for option, words in _said(argv):
        name = option.lstrip("-").replace("_", "-")
        if name in ("help", "h") or name in flags:
            continue
        if name not in options or not option.startswith("--"):
            return _unknown(option, name, [*options])
        trouble = _trouble(option, words, options[name], is_last=len(options) < len(fields))
        if trouble:
            return trouble
    return None


def _unknown(option: str, name: str, known: Sequence[str]) -> str:
    lowered = name.lower()
    for names, ours in ELSEWHERE.items():
        here = [one for one in ours if one in known]
        if lowered in names.split() and here:
            return f"{option}: is called --{here[0]} here; see --help."
    for names, why in NEEDLESS.items():
        if lowered in names.split():
            return f"{option}: there is no such option: {why}."
    if near := meant(name, known, "--"):
        return f"{option}: there is no such option{near}. See --help."
    return f"{option}: there is no such option. There are: {', '.join(f'--{one}' for one in known)}; see --help."


def _trouble(option: str, words: Sequence[str], kind: Any, is_last: bool) -> str | None:
    """What is wrong with the words after an option.

    is_last  whether words that belong to no option may follow them
    """
    kinds = _kinds(kind)
    if kinds == [bool]:
        if not words or is_last:
            return None
        return f"{option} {words[0]}: takes no value; {option} is yes, --no-{option[2:]} is no."
    if not words:
        return f"{option}: needs a value; see --help."
    several = [get_args(one)[0] for one in kinds if get_origin(one) is tuple]
    if several and len(words) == 1 and "," in words[0]:
        return f"{option} {words[0]}: several values are written apart: {option} {words[0].replace(',', ' ')}."
    if not several and len(words) > 1 and not is_last:
        return f"{option} {' '.join(words)}: takes one value; see --help."
    for word in words if several else words[:1]:
        for one in _kinds(several[0]) if several else kinds:
            wrong = _misread(word, one)
            if wrong:
                return f"{option} {word}: {wrong}."
    return None


def _misread(word: str, kind: Any) -> str | None:
    """Why a word is no value of this type, and how it is written."""
    if kind in (int, float) and word.lower() in ("all", "none", "auto", "default", "max"):
        return "is what it is without the option, or is no number; leave it out"
    if kind is int:
        try:
            int(word)
        except ValueError:
            try:
                return f"is a whole number; write {int(float(word))}" if float(word) % 1 == 0 else "is a whole number"
            except (ValueError, OverflowError):
                return "takes a whole number, such as 10"
    if kind is float:
        try:
            float(word)
        except ValueError:
            if re.fullmatch(r"[-+]?\d*,\d+", word):
                return f"has a point in it here: {word.replace(',', '.')}"
            if re.fullmatch(r"\d+/[1-9]\d*", word):
                above, below = map(int, word.split("/"))
                return f"takes a number; write {above / below:g}"
            return "takes a number, such as 0.5"
    if isinstance(kind, tyro.constructors.PrimitiveConstructorSpec):
        try:
            kind.instance_from_str([word])
        except ValueError as error:
            return str(error)
    if get_origin(kind) is Literal and word not in get_args(kind):
        choices = [str(choice) for choice in get_args(kind)]
        return f"is none of {', '.join(choices)}{meant(word, choices)}"
    return None


def _said(argv: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each option of a command line, and the words after it."""
    said: list[tuple[str, list[str]]] = []
    for word in argv:
        if re.match(r"--?[A-Za-z]", word) and not re.fullmatch(r"-(inf|nan)", word, re.I):
            option, equals, value = word.partition("=")
            said.append((option, [value] if equals else []))
        elif said:
            said[-1][1].append(word)
    return said


def _kinds(kind: Any) -> list[Any]:
    """The types that a value may be of, without None and what is said about them."""
    if get_origin(kind) is Annotated:
        own = [one for one in kind.__metadata__ if isinstance(one, tyro.constructors.PrimitiveConstructorSpec)]
        return own or _kinds(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [part for one in get_args(kind) for part in _kinds(one) if one is not type(None)]
    return [kind]


def _is_positional(kind: Any) -> bool:
    return get_origin(kind) is Annotated and tyro.conf.Positional in kind.__metadata__
