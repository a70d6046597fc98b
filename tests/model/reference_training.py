#!/usr/bin/env python3
"""Training a second time, in PyTorch, to compare with: prints the golden numbers of test_training_steps.c.

    build/tests/model_training_steps --model DIR && /usr/bin/python3 tests/model/reference_training.py DIR

Ten full steps of AdamW on one small batch with the joint exit loss, without dropout, in double precision, by autograd and
torch.optim; and three steps of AdamW on made-up gradients. Shares no code with Portolan."""
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reference_encoder import Encoder  # noqa: E402

LENGTHS, LABELS = [4, 7, 1], [0, 2, 1]
IDS = [2, 5, 5, 3, 2, 10, 9, 1, 0, 7, 3, 4]
SEGMENTS = [0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0]


def joint_loss(encoder):
    total, weights = 0, sum(encoder.exits)
    at = 0
    for length, label in zip(LENGTHS, LABELS):
        x = encoder.embed(torch.tensor([IDS[at:at + length]]), torch.tensor([SEGMENTS[at:at + length]]))
        at += length
        for index in range(encoder.layers):
            x = encoder.layer(x, index)
            if index + 1 in encoder.exits:
                loss = torch.nn.functional.cross_entropy(encoder.exit(x, index + 1), torch.tensor([label]))
                total = total + (index + 1) / weights * loss / len(LENGTHS)
    return total


def ten_steps(folder):
    encoder = Encoder(folder, torch.float64)
    for tensor in encoder.w.values():
        tensor.requires_grad_(True)
    matrices = [t for t in encoder.w.values() if t.dim() == 2]
    vectors = [t for t in encoder.w.values() if t.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}],
                                  lr=1e-2, betas=(0.9, 0.99), eps=1e-8)
    for _ in range(10):
        optimizer.zero_grad()
        loss = joint_loss(encoder)
        loss.backward()
        optimizer.step()
        print(f"{loss.item():.12f},")


def made_up_steps():
    x = torch.nn.Parameter(torch.tensor([0.5, -0.25, 1.0, 2.0], dtype=torch.float64))
    optimizer = torch.optim.AdamW([x], lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
    gradient = torch.tensor([0.1, -2.0, 1e-5, 0.0], dtype=torch.float64)
    for step in range(3):
        x.grad = gradient * (step + 1)
        optimizer.step()
        print("{" + ", ".join(f"{v:.12f}" for v in x.tolist()) + "},")


ten_steps(sys.argv[1])
made_up_steps()
