#!/usr/bin/env python3
"""Prints a table of the manual: tables.py devices|links|policies|traces from what `portolan list` says, tables.py worlds FOLDER
from the runs of scenarios/headline/cost-and-time.sh."""
import csv
import json
import os
import subprocess
import sys


def quantity(value, unit, prefixes=(("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1), ("m", 1e-3), ("u", 1e-6))):
    """7e6 as 7M, in the largest unit that leaves at least 1."""
    for prefix, scale in prefixes:
        if value >= scale * (1 - 1e-12) or scale == prefixes[-1][1]:
            return f"{value / scale:.9g}{prefix}{unit}"


def devices(rows):
    print("| preset | what it is | speed of a core | call | weights | error of the seconds | cores | idle, busy | memory | USD/h |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        if "@" in row["name"]:  # earlier figures
            continue
        call, bandwidth = row["call_s"], row["memory_bytes_per_second"]
        print(f"| `{row['name']}` | {row['summary']} | {quantity(row['flops_per_second'], 'f')} "
              f"| {quantity(call, 's') if call else '-'} | {quantity(bandwidth, 'Bps') if bandwidth else '-'} "
              f"| {row['error']} | {row['cores']} | {row['idle_watts']:g}W, {row['busy_watts']:g}W "
              f"| {quantity(row['memory_bytes'], 'B')} | {row['usd_per_hour']:.9g} |")


def links(rows):
    print("| preset | what it is | up | down | one way | radio up, down | promotion | tail |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        down = "shared with up" if "half duplex" in row["use"] else quantity(row["down_bps"], "bps")
        radio = [row["radio_up_j_per_byte"] * 1e6, row["radio_down_j_per_byte"] * 1e6]
        spent = f"{radio[0]:.2f}, {radio[1]:.2f} uJ/B" if any(radio) else "none"
        wakes, tail = "none", "none"
        if row["radio_tail_s"] is not None:
            wakes = quantity(row["radio_promotion_s"], "s")
            tail = f"{quantity(row['radio_tail_s'], 's')}, {row['radio_tail_j']:.3g} J"
        print(f"| `{row['name']}` | {row['summary']} | {quantity(row['up_bps'], 'bps')} | {down} "
              f"| {quantity(row['latency_s'], 's')} | {spent} | {wakes} | {tail} |")


def policies(rows):
    print("| policy | rule | source |")
    print("|---|---|---|")
    for row in rows:
        print(f"| `{row['name']}` | {row['summary']} | {row['source']} |")


def traces(rows):
    print("| format | file | what it is |")
    print("|---|---|---|")
    for row in rows:
        print(f"| `{row['name']}` | `trace-POLICY.{row['extension']}` | {row['summary']} |")


def worlds(folder):
    print("| policy | cost | city, ms | busy edge, ms | village, ms |")
    print("|---|---|---|---|---|")
    runs = []
    for world in ("city", "busy-edge", "village"):
        with open(os.path.join(folder, world, "summary.csv"), encoding="utf-8", newline="") as f:
            runs.append({row["name"]: row for row in csv.DictReader(f)})
    for name, row in sorted(runs[0].items(), key=lambda item: float(item[1]["cost"])):
        times = " | ".join(f"{1000 * float(run[name]['latency_mean_s']):,.1f}" for run in runs)
        print(f"| {name} | {float(row['cost']):.3f} | {times} |")


if __name__ == "__main__":
    if sys.argv[1] == "worlds":
        worlds(sys.argv[2])
        sys.exit()
    made = subprocess.run(["portolan", "list", sys.argv[1], "--json"], stdout=subprocess.PIPE, check=True)
    {"devices": devices, "links": links, "policies": policies, "traces": traces}[sys.argv[1]](json.loads(made.stdout))
