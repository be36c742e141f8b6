"""Every way of mixing, by what is typed: each beside the piece that it has in a run's name."""

MIX = {
    "mixup1.0": {},
    "mixup1.0-patches": {"mix": "patches"},
    "mixup1.0-layer2": {"mix": "layer2"},
    "mixup1.0-hidden": {"mix": "hidden"},
    "mixup0.5-partners3": {"alpha": 0.5, "partners": 3},
    "mixup1.0-sameclass": {"pairs": "same-class"},
    "mixup1.0-near5": {"neighbours": 5},
    "mixup1.0-sameclass-near3-heavier": {"pairs": "same-class", "neighbours": 3, "targets": "heavier"},
    "mixup1.0-layer1-partners2-perrow-reg0.5": {"mix": "layer1", "partners": 2, "lam_per": "row", "regmixup": 0.5},
    "mixup1.0-patches-perrow-prob0.5-reg1.0": {
        "mix": "patches",
        "lam_per": "row",
        "mixup_prob": 0.5,
        "regmixup": 1.0,
    },
    "mixup1.0-cool1-reg1.0": {"cooldown_epochs": 1, "regmixup": 1.0},
}
WAYS = {name: {"mixup": True} | options for name, options in MIX.items()}
WAYS |= {"erm": {}, "noise0.1-erm": {"noise": 0.1}, "smooth0.1-erm": {"label_smoothing": 0.1}}
WAYS |= {"smooth0.2-noise0.3-mixup1.0-hidden": {"mixup": True, "label_smoothing": 0.2, "noise": 0.3, "mix": "hidden"}}


def words(options):
    """As they are typed."""
    found = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        found += [flag] if value is True else [flag, str(value)]
    return found
