"""Parameters of the experiments: defaults, presets and bounds."""

VERSION = "2.0"

DEFAULTS = {
    "compgen": {
        "widths": [32, 64, 128, 256], "depths": [1, 2, 3], "learning_rates": [0.01, 0.05, 0.1],
        "batch": 32, "epochs": 150, "trials": 3, "dropout": 0, "weight_decay": 0,
    },
    "featrank": {"widths": [32, 64, 128, 256], "learning_rate": 0.01, "batch": 32, "epochs": 50, "trials": 3},
    "neuronspec": {"widths": [32, 64, 128, 256], "learning_rate": 0.05, "batch": 32, "epochs": 50, "trials": 3},
    "featcompv2": {
        "widths": [32, 64, 128, 256], "learning_rates": [0.01, 0.05, 0.1], "epochs": 300, "measure_every": 20,
    },
    "repalignv2": {
        "widths": [32, 64, 128, 256], "learning_rate": 0.01, "epochs": 100, "measure_every": 10, "networks": 4,
    },
    "microscalev2": {
        "widths": [8, 16, 32, 64, 128, 256, 512], "depths": [1, 2, 3], "learning_rate": 0.01, "batch": 64,
        "epochs": 300, "fractions": [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1], "fixed_steps": 0,
    },
}

REGULARIZERS = [(0, 0), (0.2, 0), (0.4, 0), (0, 0.01), (0, 0.05)]  # (dropout, weight decay)

PRESETS = {
    "compgen": {
        "small": {"epochs": 30, "widths": [32, 64, 128], "depths": [1, 2], "learning_rates": [0.05, 0.1]},
        "regularized": {"depths": [2], "learning_rates": [0.01]},
    },
    "featrank": {"small": {"epochs": 20, "trials": 2}},
    "neuronspec": {"small": {}},
    "featcompv2": {"small": {"epochs": 60, "learning_rates": [0.05, 0.1]}},
    "repalignv2": {"small": {}},
    "microscalev2": {
        "small": {"widths": [8, 16, 32, 64], "depths": [1, 2], "epochs": 60},
        "fixed-steps": {"fixed_steps": 1},
    },
}

# name: (least value, greatest value, integer?, greatest length of a list or None)
BOUNDS = {
    "widths": (4, 1024, True, 8), "depths": (1, 3, True, 3), "learning_rates": (1e-6, 1, False, 8),
    "learning_rate": (1e-6, 1, False, None), "batch": (1, 1000, True, None), "epochs": (1, 2000, True, None),
    "trials": (1, 16, True, None), "dropout": (0, 0.9, False, None), "weight_decay": (0, 1, False, None),
    "measure_every": (1, 2000, True, None), "networks": (2, 8, True, None), "fractions": (0.01, 1, False, 8),
    "fixed_steps": (0, 1, True, None),
}


def _check(name, value):
    least, greatest, integer, longest = BOUNDS[name]
    numbers = value if longest else [value]
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= (longest or 1):
        raise ValueError(f"{name}: expected a list of 1 to {longest} numbers")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int if integer else (int, float)):
            raise ValueError(f"{name}: expected {'integers' if integer else 'numbers'}")
        if not least <= number <= greatest:
            raise ValueError(f"{name}: {number} is outside {least} to {greatest}")
    if any(a >= b for a, b in zip(numbers, numbers[1:])):
        raise ValueError(f"{name}: values must ascend")


def resolve(experiment, preset="default", overrides=None):
    """(parameters, regularizers): every legal parameter with its value, and compgen's (dropout, decay) list."""
    parameters = dict(DEFAULTS[experiment])
    if preset != "default":
        parameters.update(PRESETS[experiment][preset])
    if preset == "regularized":
        del parameters["dropout"], parameters["weight_decay"]
    for name, value in (overrides or {}).items():
        if name not in parameters:
            raise ValueError(f"{experiment} ({preset}) has no parameter {name}")
        parameters[name] = value
    for name, value in parameters.items():
        _check(name, value)
    if preset == "regularized":
        return parameters, REGULARIZERS
    return parameters, [(parameters.get("dropout", 0), parameters.get("weight_decay", 0))]
