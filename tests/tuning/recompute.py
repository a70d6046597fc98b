#!/usr/bin/env python3
"""Routing, tuning and drop once more, from the outcome tables alone, with nothing of Portolan's: what `portolan tune` says must
agree to the sample, and what `portolan run` says on other samples too.

    recompute.py PORTOLAN FOLDER    makes tables in FOLDER, runs both commands, compares
"""
import csv
import json
import math
import os
import random
import shutil
import subprocess
import sys

LAYER, EDGE, CLOUD = 1 / 12, 3 / 12, 6 / 12     # the scenario's defaults
DEPTH = (3, 6, 12)
TRIED = 256
DROP, CONFIDENCE = 1.0, 0.95


def make_table(path, samples, seed):
    """Samples whose later exits are better, and surer when they are right; longer ones are harder."""
    rng = random.Random(seed)
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        exits = [f"exit{layer}_p{c}" for layer in DEPTH for c in (0, 1)]
        writer.writerow(["sample", "label", "tokens"] + exits)
        for i in range(samples):
            label, tokens = rng.randrange(2), rng.randint(3, 40)
            row = [i, label, tokens]
            for base in (0.80, 0.93, 0.985):
                right = rng.random() < base - 0.004 * (tokens - 20) * (1.1 - base)
                p = min(max(rng.gauss(0.9 if right else 0.65, 0.1), 0.5), 0.9999)
                p_label = p if right else 1 - p
                row += [f"{1 - p_label if label else p_label:.6f}", f"{p_label if label else 1 - p_label:.6f}"]
            writer.writerow(row)


def read_table(path):
    rows = []
    for row in csv.DictReader(open(path)):
        exits = []
        for layer in DEPTH:
            p = [float(row[f"exit{layer}_p{c}"]) for c in (0, 1)]
            exits.append((0 if p[0] >= p[1] else 1, max(p)))
        rows.append((int(row["label"]), int(row["tokens"]), exits))
    return rows


def cascade(row, good_enough):
    """Tokens from tier to tier, each of which starts at layer 1 again."""
    label, _, exits = row
    cost = 0
    for tier in range(3):
        cost += (0, EDGE, CLOUD)[tier] + LAYER * DEPTH[tier]
        if tier == 2 or good_enough(exits, tier):
            return exits[tier][0] == label, cost, tier


def confidence(row, threshold):
    return cascade(row, lambda exits, tier: exits[tier][1] >= threshold)


def patience(row, wanted):
    def repeats(exits, tier):
        run = 0
        while run < tier and exits[tier - run][0] == exits[tier - run - 1][0]:
            run += 1
        return run >= wanted
    return cascade(row, repeats)


def length(row, phone, edge):
    label, tokens, exits = row
    tier = 0 if tokens <= phone else 1 if tokens <= edge else 2
    return exits[tier][0] == label, (0, EDGE, CLOUD)[tier] + LAYER * DEPTH[tier], tier


def is_below(values, most, error):
    goal, fortune, total, squares = -math.log(error), 0.0, 0.0, 0.25
    for i, x in enumerate(values):
        variance = squares / (i + 1) - (total / (i + 1)) ** 2
        bet = min(0.75, math.sqrt(2 * goal / (len(values) * variance))) if variance > 0 else 0.75
        fortune += math.log(1 - bet * (x - most))
        total += x
        squares += x * x
    return fortune >= goal


def settings(careful, bold, whole):
    out = []
    for i in range(TRIED):
        along = i / (TRIED - 1)
        x = careful + (bold - careful) * along * along
        x = math.floor(x + 0.5) if whole else round(x * 1e6) / 1e6
        if not out or x != out[-1]:
            out.append(x)
    return out


def tune(rows, policy, values):
    """The fixed sequence; without Portolan's random order, which decides nothing here but the last digits of a test."""
    best = None
    for value in values:
        played = [policy(row, value) for row in rows]
        lost = [(row[2][2][0] == row[0]) - right for row, (right, _, _) in zip(rows, played)]
        if not is_below(lost, DROP / 100, 1 - CONFIDENCE):
            break
        cost = sum(c for _, c, _ in played) / len(rows)
        if best is None or cost < best[1]:
            best = (value, cost)
    return best


def check(what, ours, theirs, tolerance=1e-9):
    if abs(ours - theirs) > tolerance * max(1, abs(ours)):
        sys.exit(f"{what}: {ours} by this script, {theirs} by portolan")


def compare(rows, policy, chosen):
    """What tune says of its choice, on the samples it tuned on."""
    played = [policy(row) for row in rows]
    n = len(rows)
    cloud = sum(row[2][2][0] == row[0] for row in rows) / n
    accuracy = sum(right for right, _, _ in played) / n
    check("accuracy", accuracy, chosen["accuracy"])
    check("drop", 100 * (cloud - accuracy), chosen["drop"])
    check("cost", sum(c for _, c, _ in played) / n, chosen["cost"])


def run_of(portolan, folder, tuned):
    out = os.path.join(folder, "run")
    subprocess.run([portolan, "run", tuned, "-q", "--out", out], check=True)
    names, answers = [p["name"] for p in json.load(open(os.path.join(out, "summary.json")))["policies"]], {}
    for row in csv.DictReader(open(os.path.join(out, "requests.csv"))):
        answers.setdefault(row["policy"], {})[int(row["sample"])] = (row["tier"], int(row["prediction"]))
    return names, answers


def main(portolan, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    held, judged = os.path.join(folder, "held.csv"), os.path.join(folder, "judged.csv")
    make_table(held, 3000, 1)
    make_table(judged, 1500, 2)
    scenario, tuned = os.path.join(folder, "scenario.yaml"), os.path.join(folder, "tuned.yaml")
    with open(scenario, "w") as out:
        out.write(f"""name: recompute
platform:
  phones: [{{count: 10, device: phone-midrange, cell: c}}]
  cells: [{{name: c, link: wifi-home, site: s}}]
  sites: [{{name: s, server: edge-nuc, backhaul: fibre-backhaul, region: r}}]
  regions: [{{name: r, server: cloud-cpu}}]
workload: {{arrivals: {{process: constant, rate: 1/min}}, order: sequential}}
model: judged.csv
hidden: 64
vocabulary: 100
split: {{phone: 3, edge: 6, cloud: 12}}
policies: [confidence, patience, length]
run: {{requests: 1500}}
""")
    said = json.loads(subprocess.check_output([portolan, "tune", scenario, "--held-out", held, "--drop", str(DROP), "--json",
                                               "--out", tuned]))
    rows, other = read_table(held), read_table(judged)
    chosen = {p["name"]: p for p in said["policies"]}
    by_threshold = tune(rows, confidence, settings(1.0001, 0, False))
    threshold = chosen["confidence"]["options"]["threshold"]
    # Another order of the samples may let a neighbour of the last setting pass.
    values = settings(1.0001, 0, False)
    if abs(values.index(by_threshold[0]) - min(range(len(values)), key=lambda i: abs(values[i] - threshold))) > 2:
        sys.exit(f"threshold: {by_threshold[0]} by this script, {threshold} by portolan")
    repeats = chosen["patience"]["options"]["patience"]
    cuts = chosen["length"]["options"]
    policies = {
        "confidence": lambda row: confidence(row, threshold),
        "patience": lambda row: patience(row, repeats),
        "length": lambda row: length(row, cuts["phone"], cuts["edge"]),
    }
    for name, policy in policies.items():
        compare(rows, policy, chosen[name])
    names, answers = run_of(portolan, folder, tuned)
    for name in names:
        for i, row in enumerate(other):
            right, _, tier = policies[name](row)
            tier_name, prediction = answers[name][i]
            if tier_name != ("phone", "edge", "cloud")[tier] or (prediction == row[0]) != right:
                sys.exit(f"{name}, sample {i}: tier {tier} by this script, {tier_name} by portolan")
    print(f"agrees: threshold {threshold:g}, patience {repeats}, cuts {cuts['phone']} and {cuts['edge']}; "
          f"{len(other)} samples, three policies")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
