#!/usr/bin/env python3
"""Confidence, variability and correctness of training dynamics by NumPy, independently of analysis/.

    reference_cartography.py FOLDER > FOLDER/expected.csv

reads FOLDER/dynamics_epoch_*.jsonl; tests/analysis/dynamics/ holds some lines of a training run of the depth task.
"""
import glob
import json
import sys

import numpy as np

epochs = len(glob.glob(sys.argv[1] + "/dynamics_epoch_*.jsonl"))
probabilities, hits = {}, {}
for epoch in range(epochs):
    for line in open(f"{sys.argv[1]}/dynamics_epoch_{epoch}.jsonl"):
        row = json.loads(line)
        logits = np.array(row[f"logits_epoch_{epoch}"], dtype=np.float64)
        softmax = np.exp(logits) / np.sum(np.exp(logits))
        probabilities.setdefault(row["guid"], []).append(softmax[row["gold"]])
        hits.setdefault(row["guid"], []).append(np.argmax(logits) == row["gold"])
print("guid,confidence,variability,correctness")
for guid in sorted(probabilities):
    p = probabilities[guid]
    print(f"{guid},{np.mean(p):.17g},{np.std(p):.17g},{np.sum(hits[guid])}")
