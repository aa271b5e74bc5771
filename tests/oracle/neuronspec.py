"""neuronspec: specialization of first-layer neurons against width."""

import numpy as np

import data
import metrics
from network import evaluate, layer_views
from stopwatch import stopwatch
from trials import average, counts, enumerate_networks, groups, network_details, train_and_measure

NAMES = ("selectivity", "alignment", "redundancy", "redundancy_signed", "eff_dim", "eff_dim_ratio", "act_sel",
         "act_sel_mean", "test_acc")


def run(seed, p, _regularizers, dtype):
    with stopwatch("data"):
        datasets = [data.sign_xor(seed, trial, dtype) for trial in range(p["trials"])]
    members = enumerate_networks(p["trials"], width=p["widths"])
    for member in members:
        member["rate"] = p["learning_rate"]

    def measure(theta, sizes, group):
        test = [datasets[m["trial"]][1] for m in group]
        work, finite = evaluate(theta, sizes, np.stack([d.x for d in test]))
        correct = metrics.accuracy(work.logits, np.stack([d.y for d in test]))
        first_layer = layer_views(theta, sizes)[0][:, :-1]
        values = [{"test_acc": float(value)} for value in correct]
        for k, value in enumerate(values):
            if finite[k]:
                value.update(metrics.neuron_specialization(first_layer[k]))
                best, overall = metrics.activation_selectivity(work.units[0][k], test[k].x)
                value["act_sel"], value["act_sel_mean"] = best, overall
        return values, finite

    train_and_measure(seed, members, lambda m: (20, m["width"], 2), [d[0] for d in datasets], p, (0, p["epochs"]),
                      measure, dtype)
    flat = {}
    for width, own in groups(members, lambda m: m["width"]).items():
        for name in NAMES:
            flat[f"{name}_w{width}"] = average(own, name)
            flat[f"{name}_w{width}_init"] = average(own, name, 0)
        flat[f"bound_20_over_w{width}"] = 20 / width
    flat.update(counts(members))
    return {**flat, "detail": {"networks": network_details(members, ("width",))}}
