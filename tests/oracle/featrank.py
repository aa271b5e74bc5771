"""featrank: effective rank of hidden activations against width."""

import numpy as np

import data
import metrics
from compgen import accuracies
from network import evaluate
from stopwatch import stopwatch
from trials import average, counts, enumerate_networks, groups, network_details, train_and_measure

MEASURED_EPOCHS = (0, 1, 2, 5, 10, 20, 30, 40, 50)


def measured_epochs(epochs):
    return sorted({e for e in MEASURED_EPOCHS if e <= epochs} | {epochs})


def run(seed, p, _regularizers, dtype):
    with stopwatch("data"):
        datasets = [data.combinations(seed, trial, dtype)[0] for trial in range(p["trials"])]
    members = enumerate_networks(p["trials"], width=p["widths"])
    for member in members:
        member["rate"] = p["learning_rate"]

    def measure(theta, sizes, group):
        values, finite = accuracies(theta, sizes, group, datasets)
        work, _ = evaluate(theta, sizes, np.stack([datasets[m["trial"]][1].x for m in group]))
        for k, value in enumerate(values):
            if finite[k]:
                value.update(metrics.spectrum(work.units[0][k]))
                value.update({f"{name}_l2": v for name, v in metrics.spectrum(work.units[1][k]).items()})
        return values, finite

    train_and_measure(seed, members, lambda m: (20, m["width"], m["width"], 2), [d[0] for d in datasets], p,
                      measured_epochs(p["epochs"]), measure, dtype)
    flat = {}
    for width, own in groups(members, lambda m: m["width"]).items():
        for name in ("eff_rank", "rank_ratio", "stable_rank", "part_ratio", "top1_var", "top5_var", "top10_var",
                     "id_acc"):
            flat[f"{name}_w{width}"] = average(own, name)
        flat[f"rank_ratio_l2_w{width}"] = average(own, "rank_ratio_l2")
        flat[f"rank_ratio_init_w{width}"] = average(own, "rank_ratio", 0)
        flat[f"rank_ratio_change_w{width}"] = metrics.difference(flat[f"rank_ratio_w{width}"],
                                                                 flat[f"rank_ratio_init_w{width}"])
    flat["monotone_final"] = metrics.strictly_decreasing([flat[f"rank_ratio_w{w}"] for w in p["widths"]])
    flat["monotone_init"] = metrics.strictly_decreasing([flat[f"rank_ratio_init_w{w}"] for w in p["widths"]])
    flat.update(counts(members))
    return {**flat, "detail": {"networks": network_details(members, ("width",))}}
