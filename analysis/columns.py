"""The columns of the tables that `collect` makes, with their types. Counts that some records lack are floats, so that
NaN can say so. Percent are 0 to 100."""


def _all(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


# Of whatever was measured of a trained network: which it was.
KEYS = _all("str", "record run dataset setting machine") | {"method": "object"}
KEYS |= _all("int64", "seed split") | _all("float64", "alpha dropout")
OF_LABELS = _all("float64", "real_error corrupted_error restored_error")

RUNS = (
    KEYS
    | _all("str", "measured_on kind model device precision commit weights")
    | _all("int64", "width epochs n_train n_test errors best_epoch threads processes")
    | _all("float64", "corrupt_labels error balanced_error errors_top5 error_top5 cross_entropy calibration_error")
    | _all("float64", "best_error median10_error clean_train_error")
    | _all("float64", "temperature tempered_cross_entropy tempered_calibration_error")
    | OF_LABELS
    | _all("float64", "seconds images_per_second training_flops parameters peak_memory_bytes")
)
CURVES = KEYS | {"measured_on": "str", "epoch": "int64"} | OF_LABELS
CURVES |= _all("float64", "lr train_loss train_accuracy error accuracy cross_entropy")
BINS = KEYS | _all("int64", "bin n right") | _all("float64", "confidence accuracy")
BETWEEN = (
    KEYS
    | _all("str", "protocol part")
    | _all("int64", "pairs_seed n misses n_different misses_different")
    | _all("float64", "beyond lam missed missed_different loss_norm loss_norm_q10 loss_norm_q90")
    | _all("float64", "logit_norm logit_norm_q10 logit_norm_q90 p_i p_j p_rest off_linear")
)
ATTACKS = (
    KEYS
    | _all("str", "source source_setting protocol attack unit")
    | {"source_method": "object", "white_box": "bool"}
    | _all("int64", "source_seed n errors errors_clean")
    | _all("float64", "epsilon error error_top5 n_both_right errors_both_right error_both_right zero_gradients")
)
BASELINES = _all("str", "record run dataset") | {"method": "object"} | _all("int64", "seed split n_test")
BASELINES |= _all("float64", "error balanced_error clean_train_error seconds")
BORDERS = _all("str", "record set") | {"method": "object"} | _all("int64", "seed n_points")
BORDERS |= _all("float64", "alpha train_error points_in_band band_width")
GANS = _all("str", "record target setting") | {"method": "object", "diverged": "bool"}
GANS |= _all("int64", "seed width iteration")
GANS |= _all("float64", "modes covered share balance outside distance floor")

OF = {"runs": RUNS, "curves": CURVES, "bins": BINS, "between": BETWEEN, "attacks": ATTACKS, "borders": BORDERS}
OF |= {"baselines": BASELINES, "gans": GANS}
