"""compgen: compositional generalization to held-out combinations of groups."""

import numpy as np

import data
import metrics
from network import evaluate
from stopwatch import stopwatch
from trials import average, counts, enumerate_networks, groups, network_details, train_and_measure

PUBLISHED_WIDTHS = (32, 64, 128)


def accuracies(theta, sizes, members, datasets):
    """Accuracies on train, ID test and OOD test samples: (one dict per member, finite flags)."""
    values, finite = [{} for _ in members], np.ones(len(members), bool)
    for split, name in enumerate(("train_acc", "id_acc", "ood_acc")):
        own = [datasets[m["trial"]][split] for m in members]
        work, split_finite = evaluate(theta, sizes, np.stack([d.x for d in own]))
        finite &= split_finite
        for value, correct in zip(values, metrics.accuracy(work.logits, np.stack([d.y for d in own]))):
            value[name] = float(correct)
    for value in values:
        value["gap"] = value["id_acc"] - value["ood_acc"]
    return values, finite


def neighbour_vote(held_out):
    """Accuracy on the held-out codes of the majority label of seen codes at Hamming distance 1, ties half."""
    score = 0.0
    for code in held_out:
        neighbours = [code ^ 1 << bit for bit in range(4) if code ^ 1 << bit not in held_out]
        ones = sum(data.combination_label(n) for n in neighbours)
        zeros = len(neighbours) - ones
        score += 0.5 if ones == zeros else float((ones > zeros) == data.combination_label(code))
    return score / len(held_out)


def _gaps_by_trial(members, width, trials):
    return [average([m for m in members if m["width"] == width and m["trial"] == t], "gap") for t in range(trials)]


def summarize(members, p):
    """(flat values, detail) for the networks of one regularizer."""
    flat, detail = {}, {}
    for width, own in groups(members, lambda m: m["width"]).items():
        for name in ("id_acc", "ood_acc", "gap", "train_acc"):
            flat[f"{name}_w{width}"] = average(own, name)
            flat[f"{name}_w{width}_init"] = average(own, name, 0)
    gaps = {width: _gaps_by_trial(members, width, p["trials"]) for width in p["widths"]}
    for width in (64, 128):
        if 32 in gaps and width in gaps:
            name = f"gap_diff_w{width}_w32"
            differences = [metrics.difference(a, b) for a, b in zip(gaps[width], gaps[32])]
            sd = metrics.sample_sd(differences)
            flat[name] = metrics.mean(differences)
            detail[name + "_sd"] = sd
            present = sum(d is not None for d in differences)
            detail[name + "_t"] = flat[name] / (sd / present**0.5) if sd else None
    published = [w for w in PUBLISHED_WIDTHS if w in p["widths"]]
    flat["monotone"] = metrics.strictly_increasing([flat[f"gap_w{w}"] for w in published])
    detail["monotone_all_widths"] = metrics.strictly_increasing([flat[f"gap_w{w}"] for w in p["widths"]])
    detail["monotone_by_trial"] = [metrics.strictly_increasing([gaps[w][t] for w in published])
                                   for t in range(p["trials"])]
    detail["monotone_all_widths_by_trial"] = [metrics.strictly_increasing([gaps[w][t] for w in p["widths"]])
                                              for t in range(p["trials"])]
    return flat, detail


def run(seed, p, regularizers, dtype):
    with stopwatch("data"):
        drawn = [data.combinations(seed, trial, dtype) for trial in range(p["trials"])]
    datasets, held_out = [splits for splits, _ in drawn], [codes for _, codes in drawn]
    members = enumerate_networks(p["trials"], width=p["widths"], depth=p["depths"], rate=p["learning_rates"],
                                 regularizer=regularizers)
    for member in members:
        member["dropout"], member["decay"] = member["regularizer"]

    def measure(theta, sizes, group):
        return accuracies(theta, sizes, group, datasets)

    train_and_measure(seed, members, lambda m: (20, *[m["width"]] * m["depth"], 2), [d[0] for d in datasets], p,
                      (0, p["epochs"]), measure, dtype)
    by_regularizer = groups(members, lambda m: m["regularizer"])
    summaries = [summarize(by_regularizer[r], p) for r in regularizers]
    flat, detail = summaries[0]
    masks = [sum(1 << code for code in codes) for codes in held_out]
    flat["heldout_mask"] = int(np.bitwise_or.reduce(masks))
    flat["chance"] = 0.5
    flat["neighbour_vote"] = metrics.mean([neighbour_vote(codes) for codes in held_out])
    flat.update(counts(members))
    detail["heldout_mask_by_trial"] = masks
    if len(regularizers) > 1:
        detail["regularizers"] = [{"dropout": r[0], "weight_decay": r[1], **values, **counts(by_regularizer[r])}
                                  for r, (values, _) in zip(regularizers, summaries)]
    detail["networks"] = network_details(members, ("width", "depth", "rate", "dropout", "decay"))
    return {**flat, "detail": detail}
