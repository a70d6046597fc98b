#!/usr/bin/env python3
"""Checks figures that the manual's text gives: expect.py RESULTS POLICY.METRIC=VALUE...

The metric, as it stands in the folder's summary.csv, must be the value when rounded to as many decimals."""
import csv
import os
import sys

with open(os.path.join(sys.argv[1], "summary.csv"), encoding="utf-8", newline="") as f:
    rows = {row["name"]: row for row in csv.DictReader(f)}
wrong = 0
for figure in sys.argv[2:]:
    where, value = figure.split("=")
    policy, metric = where.rsplit(".", 1)
    found = float(rows[policy][metric])
    if f"{found:.{len(value.partition('.')[2])}f}" != value:
        print(f"{where} is {found}, not {value}", file=sys.stderr)
        wrong = 1
sys.exit(wrong)
