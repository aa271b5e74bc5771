#!/usr/bin/env python3
"""PyTorch as a peer: batches of networks by batched products, on CUDA with a whole epoch captured into one graph.

| variant  | the step |
| manual   | hand-written backward pass; products and in-place updates by bmm and baddbmm |
| fused    | manual, with torch.compile for all that is not a product |
| compile  | manual, the whole step under torch.compile |
| autograd | the same forward pass, derived by autograd |
| vmap     | torch.func.vmap(grad) over a function of one network |
| vmap-compile | the same under torch.compile |
| max-autotune | compile, with products by the fastest of cuBLAS and Triton's templates (only when asked for) |

The learning rate and 1/B are folded into the output's delta (or the loss), so an update is one subtraction.
"""

import peer

try:
    import torch
    import torch.nn.functional as F
except (ImportError, OSError) as error:
    torch, REASON = None, str(error)

FULL_BATCH_STEPS = 10  # in one graph


def forward(x, weights, biases):
    """Activations x, h1, h2, ... and the logits; any leading dimensions."""
    hidden = [x]
    for w, b in zip(weights[:-1], biases[:-1]):
        hidden.append(torch.relu(torch.baddbmm(b, hidden[-1], w)))
    return hidden, torch.baddbmm(biases[-1], hidden[-1], weights[-1])


def hidden_units(z, b):
    return torch.relu_(z.add_(b))


def output_delta(z, b, targets, scale, sigmoid):
    z = z + b
    p = torch.sigmoid(z) if sigmoid else torch.softmax(z, dim=-1)
    return (p - targets) * scale


def masked(delta, h):
    # Not torch.where(h > 0, delta, 0): it copies the 0 from the host, which no graph can capture.
    return torch.ops.aten.threshold_backward(delta, h, 0)


def update_biases(biases, deltas):
    for b, delta in zip(biases, deltas):
        b.sub_(delta.sum(dim=1, keepdim=True))


def manual_step(weights, biases, x, targets, scale, sigmoid, hidden_units=hidden_units, output_delta=output_delta,
                masked=masked, update_biases=update_biases):
    hidden = [x]
    for w, b in zip(weights[:-1], biases[:-1]):
        hidden.append(hidden_units(torch.bmm(hidden[-1], w), b))
    delta = output_delta(torch.bmm(hidden[-1], weights[-1]), biases[-1], targets, scale, sigmoid)
    deltas = [delta]
    for layer in range(len(weights) - 1, 0, -1):
        w, h = weights[layer], hidden[layer]
        below = masked(torch.bmm(delta, w.mT), h)
        w.baddbmm_(h.mT, delta, alpha=-1)
        delta = below
        deltas.append(delta)
    weights[0].baddbmm_(x.mT, delta, alpha=-1)
    update_biases(biases, deltas[::-1])


def loss_of(z, targets, sigmoid):
    """Per sample; targets are indicators, or 0 and 1 for the sigmoid."""
    if sigmoid:
        return F.softplus(z).sum(-1) - (z * targets).sum(-1)
    return torch.logsumexp(z, dim=-1) - (z * targets).sum(-1)


def autograd_step(weights, biases, x, targets, scale, sigmoid):
    parameters = [*weights, *biases]
    with torch.enable_grad():
        leaves = [p.detach().requires_grad_() for p in parameters]
        _, z = forward(x, leaves[:len(weights)], leaves[len(weights):])
        gradients = torch.autograd.grad((loss_of(z, targets, sigmoid) * scale[..., 0]).sum(), leaves)
    torch._foreach_sub_(parameters, gradients)


def one_network_loss(weights, biases, x, targets, scale, sigmoid):
    h = x
    for w, b in zip(weights[:-1], biases[:-1]):
        h = torch.relu(h @ w + b)
    return (loss_of(h @ weights[-1] + biases[-1], targets, sigmoid) * scale[..., 0]).sum()


def vmap_gradients(weights, biases, x, targets, scale, sigmoid):
    one = torch.func.grad(lambda w, b, *sample: one_network_loss(w, b, *sample, sigmoid), argnums=(0, 1))
    return torch.func.vmap(one)(weights, biases, x, targets, scale)


def vmap_step(weights, biases, x, targets, scale, sigmoid, gradients_of=vmap_gradients):
    for_weights, for_biases = gradients_of(weights, biases, x, targets, scale, sigmoid)
    torch._foreach_sub_([*weights, *biases], [*for_weights, *for_biases])


def make_step(variant):
    """A step in its own right: compiled code is kept per call of this function."""
    compiled = lambda f, **options: torch.compile(f, dynamic=False, fullgraph=True, **options)
    if variant == "fused":
        pieces = {"hidden_units": compiled(lambda z, b: torch.relu(z + b)), "output_delta": compiled(output_delta),
                  "masked": compiled(masked), "update_biases": compiled(update_biases)}
        return lambda *arguments: manual_step(*arguments, **pieces)
    if variant == "vmap-compile":
        gradients_of = compiled(vmap_gradients)
        return lambda *arguments: vmap_step(*arguments, gradients_of=gradients_of)
    if variant == "max-autotune":
        return compiled(manual_step, mode="max-autotune-no-cudagraphs")
    return {"manual": manual_step, "autograd": autograd_step, "vmap": vmap_step}.get(variant) or compiled(manual_step)


class Trainer:
    warm_up_epochs = 1

    def __init__(self, device, work, networks, step, random):
        self.note, self._device, self._step, self._random = "", device, step, random
        self._work, self._case, self.networks = work, work.case, networks
        place = lambda array: torch.from_numpy(array).to(device)
        self._x, self._y = place(work.x), place(work.targets())
        self._all_datasets, self._all_rates = place(work.dataset), place(work.rate)
        k, layers, n = networks, work.case.layers, work.case.samples
        zeros = lambda *shape: torch.zeros(shape, device=device)
        self._weights = [zeros(k, a, b) for a, b in zip(layers, layers[1:])]
        self._biases = [zeros(k, 1, b) for b in layers[1:]]
        # Learning rate over the samples of a step; the last mini-batch of an epoch may be shorter.
        self._scale = {rows: zeros(k, 1, 1) for rows in {work.case.rows, n % work.case.rows or work.case.rows}}
        self._dataset = torch.zeros((k, 1), dtype=torch.int64, device=device)
        self._order = torch.arange(n, device=device).repeat(k, 1)
        # The samples of one epoch in its order: gathered once, then sliced.
        self._epoch_x, self._epoch_y = zeros(k, n, layers[0]), zeros(k, n, layers[-1])
        self.select(0)
        self._graph = None
        if device == "cuda":
            self._capture()

    def _capture(self):
        """On CUDA: the steps of one epoch (full batch: of several) as one graph, after a warm-up that compiles."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                self._steps()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._steps()
            self._graph = graph
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:
            torch.cuda.synchronize()
            self.note = f"without a CUDA graph: {peer.one_line(error)}"

    def _steps(self, repeats=None):
        """All steps of an epoch, on the samples as they lie in the epoch's buffers."""
        case = self._case
        for _ in range((repeats or FULL_BATCH_STEPS) if not case.batch else 1):
            for start in range(0, case.samples, case.rows):
                rows = slice(start, min(start + case.rows, case.samples))
                self._step(self._weights, self._biases, self._epoch_x[:, rows], self._epoch_y[:, rows],
                           self._scale[rows.stop - start], case.sigmoid)

    def _gather(self):
        torch.index_select(self._x.flatten(0, 1), 0, self._rows(), out=self._epoch_x.view(-1, self._x.shape[2]))
        torch.index_select(self._y.flatten(0, 1), 0, self._rows(), out=self._epoch_y.view(-1, self._y.shape[2]))

    def _rows(self):
        return (self._order + self._dataset * self._case.samples).flatten()

    def select(self, first):
        some = slice(first, first + self.networks)
        self._dataset.copy_(self._all_datasets[some, None])
        for rows, scale in self._scale.items():
            scale.copy_(self._all_rates[some, None, None] / rows)
        for w, b in zip(self._weights, self._biases):
            w.normal_(0, (2 / w.shape[1]) ** 0.5)
            b.zero_()
        self._gather()

    def set_layers(self, layers):
        for w, b, (weights, biases) in zip(self._weights, self._biases, layers):
            w[:len(weights)] = torch.from_numpy(weights).to(self._device)
            b[:len(biases)] = torch.from_numpy(biases).to(self._device)

    def layers(self, count):
        return [(w[:count].cpu().numpy(), b[:count].cpu().numpy()) for w, b in zip(self._weights, self._biases)]

    def train(self, epochs):
        self.train_given(None, epochs)

    def train_given(self, orders, epochs):
        with torch.no_grad():
            if not self._case.batch:
                return self._train_full_batch(epochs)
            for epoch in range(epochs):
                self._draw_order()
                if orders is not None:
                    given = torch.from_numpy(orders[epoch]).to(self._device)
                    self._order[:len(given)] = given
                self._gather()
                self._run_steps()

    def _train_full_batch(self, epochs):
        if self._graph is None:
            return self._steps(epochs)
        for _ in range(epochs // FULL_BATCH_STEPS):
            self._graph.replay()
        if epochs % FULL_BATCH_STEPS:
            self._steps(epochs % FULL_BATCH_STEPS)

    def _run_steps(self):
        if self._graph is not None:
            self._graph.replay()
        else:
            self._steps()

    def _draw_order(self):
        if self._device == "cuda":
            self._order.copy_(torch.rand(self._order.shape, device="cuda").argsort(dim=1))
        else:  # eight times as fast as argsort on a processor
            self._order.copy_(torch.from_numpy(self._random.permuted(self._order.numpy(), axis=1)))

    def synchronize(self):
        if self._device == "cuda":
            torch.cuda.synchronize()


class PyTorchPeer(peer.Peer):
    variants = ("manual", "fused", "compile", "autograd", "vmap", "vmap-compile")
    slow_to_compile = ("max-autotune",)

    def __init__(self, device, threads, tf32):
        super().__init__(device, threads, tf32)
        if torch is None:
            raise peer.Unavailable(f"PyTorch is not installed ({REASON})")
        if device == "cuda" and not torch.cuda.is_available():
            raise peer.Unavailable(f"PyTorch {torch.__version__} sees no CUDA device")
        if threads:
            torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        import torch._dynamo.config as dynamo
        for limit in ("recompile_limit", "accumulated_recompile_limit"):
            if hasattr(dynamo, limit):
                setattr(dynamo, limit, 1000)  # many shapes in one process, none of which may end up uncompiled
        if hasattr(dynamo, "fail_on_recompile_limit_hit"):
            dynamo.fail_on_recompile_limit_hit = True

    def describe(self):
        cuda = self.device == "cuda"
        return {"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(),
                "device": torch.cuda.get_device_name() if cuda else "processor"}

    def build(self, variant, work, networks):
        import numpy
        with torch.no_grad():
            return Trainer(self.device, work, networks, make_step(variant), numpy.random.default_rng(1))

    def is_out_of_memory(self, error):
        said = str(error).lower()
        return (isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)) or "out of memory" in said
                or "alloc_failed" in said)  # cuBLAS

    def release(self):
        if self.device == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    peer.serve(PyTorchPeer)
