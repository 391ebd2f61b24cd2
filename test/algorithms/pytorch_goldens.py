"""Records what PyTorch's own optimizers do, for test/algorithms/optimizers.test.ts to compare with.

Run (needs torch; any 2.x on a CPU):   python3 test/algorithms/pytorch_goldens.py > test/algorithms/pytorch-goldens.json

Each case: 33 float32 weights, 20 steps with seeded gradients, single tensor code path. The file holds the weights after each
step and, once for all cases, the first weights and the gradients. Numbers are the shortest decimals that give the float32 back.
"""

import json

import torch

ELEMENTS = 33
STEPS = 20

# Our configuration, the rate, PyTorch's class and its arguments.
CASES = [
    ({"name": "sgd"}, 0.1, torch.optim.SGD, {}),
    ({"name": "sgd", "weightDecay": 0.05}, 0.1, torch.optim.SGD, {"weight_decay": 0.05}),
    ({"name": "momentum"}, 0.05, torch.optim.SGD, {"momentum": 0.9}),
    ({"name": "momentum", "momentum": 0.5, "weightDecay": 0.05}, 0.05, torch.optim.SGD, {"momentum": 0.5, "weight_decay": 0.05}),
    ({"name": "nesterov"}, 0.05, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (
        {"name": "nesterov", "momentum": 0.5, "weightDecay": 0.05},
        0.05,
        torch.optim.SGD,
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.05},
    ),
    ({"name": "adagrad"}, 0.1, torch.optim.Adagrad, {}),
    ({"name": "adagrad", "epsilon": 0.001, "weightDecay": 0.05}, 0.1, torch.optim.Adagrad, {"eps": 0.001, "weight_decay": 0.05}),
    ({"name": "rmsprop"}, 0.01, torch.optim.RMSprop, {}),
    (
        {"name": "rmsprop", "decay": 0.9, "epsilon": 0.001, "weightDecay": 0.05},
        0.01,
        torch.optim.RMSprop,
        {"alpha": 0.9, "eps": 0.001, "weight_decay": 0.05},
    ),
    ({"name": "adam"}, 0.01, torch.optim.Adam, {}),
    (
        {"name": "adam", "beta1": 0.8, "beta2": 0.99, "epsilon": 0.001, "weightDecay": 0.05},
        0.01,
        torch.optim.Adam,
        {"betas": (0.8, 0.99), "eps": 0.001, "weight_decay": 0.05},
    ),
    ({"name": "adamw"}, 0.01, torch.optim.AdamW, {}),
    ({"name": "adamw", "weightDecay": 0.3}, 0.01, torch.optim.AdamW, {"weight_decay": 0.3}),
    ({"name": "adam", "weightDecay": 0.3, "weightDecayMode": "decoupled"}, 0.01, torch.optim.AdamW, {"weight_decay": 0.3}),
]

# PyTorch has no decoupled decay for these: the definition, x *= 1 - rate * decay in front of its own step, is done by hand.
DECOUPLED_BY_HAND = [
    ({"name": "sgd"}, 0.1, torch.optim.SGD, {}),
    ({"name": "momentum"}, 0.05, torch.optim.SGD, {"momentum": 0.9}),
    ({"name": "nesterov"}, 0.05, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ({"name": "adagrad"}, 0.1, torch.optim.Adagrad, {}),
    ({"name": "rmsprop"}, 0.01, torch.optim.RMSprop, {}),
]


def numbers(tensor):
    """Nine significant digits name every float32."""
    return [float(f"{value:.9g}") for value in tensor.tolist()]


def run(initial, gradients, rate, optimizer_class, arguments, decoupled=0.0):
    x = torch.nn.Parameter(initial.clone())
    optimizer = optimizer_class([x], lr=rate, foreach=False, **arguments)
    weights = []
    for gradient in gradients:
        x.grad = gradient.clone()
        if decoupled:
            with torch.no_grad():
                x.mul_(1 - rate * decoupled)
        optimizer.step()
        weights.append(numbers(x.detach()))
    return weights


def main():
    generator = torch.Generator().manual_seed(20)
    # Away from zero, so that a relative comparison of the weights means something.
    initial = torch.randn(ELEMENTS, generator=generator)
    initial = initial + 1.5 * torch.sign(initial)
    # Gradients of sizes from 1/1000 to 10; element 7 never has one, element 8 only in step 10.
    scales = 10 ** torch.linspace(-3, 1, ELEMENTS)
    gradients = [torch.randn(ELEMENTS, generator=generator) * scales for _ in range(STEPS)]
    for step, gradient in enumerate(gradients):
        gradient[7] = 0
        if step != 9:
            gradient[8] = 0

    cases = [
        {"config": config, "rate": rate, "weights": run(initial, gradients, rate, optimizer_class, arguments)}
        for config, rate, optimizer_class, arguments in CASES
    ]
    cases += [
        {
            "config": {**config, "weightDecay": 0.3, "weightDecayMode": "decoupled"},
            "rate": rate,
            "weights": run(initial, gradients, rate, optimizer_class, arguments, decoupled=0.3),
        }
        for config, rate, optimizer_class, arguments in DECOUPLED_BY_HAND
    ]
    head = {"torch": torch.__version__, "initial": numbers(initial), "gradients": [numbers(gradient) for gradient in gradients]}
    lines = [f"  {json.dumps(case)}" for case in cases]
    body = ",\n".join(lines)
    print(json.dumps(head)[:-1] + ', "cases": [\n' + body + "\n]}")


if __name__ == "__main__":
    main()
