"""Experiments made of trials: enumerating networks, training them in stacks, measuring, and averaging."""

from itertools import product

import metrics
from stopwatch import stopwatch
from training import MinibatchTraining

# Networks of equal shape are trained as one stack, the fastest plain NumPy; False trains them one after the other,
# as a straightforward script would. The numbers are the same; only the benchmark asks for it.
stack_networks = True


def enumerate_networks(trials, **axes):
    """One dict per network: trial, its number within the trial, and a value per axis (first axis outermost)."""
    combinations = [dict(zip(axes, values)) for values in product(*axes.values())]
    return [{"trial": trial, "network": number, "dataset": trial, "history": [], "diverged": False, **combination}
            for trial in range(trials) for number, combination in enumerate(combinations)]


def groups(members, key):
    """Members by key(member), in order of first appearance."""
    result = {}
    for member in members:
        result.setdefault(key(member), []).append(member)
    return result


def train_and_measure(seed, members, sizes_of, datasets, parameters, epochs, measure, dtype):
    """Trains all members and appends one dict of metrics per measured epoch to each member's `history`.

    measure(theta, sizes, group) -> (dicts, finite flags). A network that is not finite is measured no further.
    Networks of equal sizes form one stack; so do networks with dropout apart from those without.
    """
    key = lambda member: (sizes_of(member), member.get("dropout", 0) > 0,
                          None if stack_networks else (member["trial"], member["network"]))
    for (sizes, *_), group in groups(members, key).items():
        training = MinibatchTraining(seed, sizes, group, datasets, parameters["batch"], parameters["epochs"], dtype)
        for epoch in epochs:
            training.advance_to_epoch(epoch)
            with stopwatch("metrics"):
                for member, values, finite in zip(group, *measure(training.theta, sizes, group)):
                    member["diverged"] |= not finite
                    if not member["diverged"]:
                        member["history"].append(values)


def average(members, name, point=-1):
    """Mean of a metric at a measured epoch (the last by default) over the members that did not diverge."""
    return metrics.mean(m["history"][point][name] for m in members if not m["diverged"])


def network_details(members, axes):
    """What the detail object lists per network: its place in the plan, and its final metrics unless diverged."""
    return [{**{name: m[name] for name in ("trial", "network", *axes)}, "diverged": m["diverged"],
             **({} if m["diverged"] else m["history"][-1])} for m in members]


def counts(members):
    return {"n_diverged": sum(m["diverged"] for m in members)}
