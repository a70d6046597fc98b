#!/usr/bin/env python3
"""equality.py OLD NEW [--seed N] [--random COUNT] [--scenarios FILE...] [--traces] [--set KEY=VALUE...]: whether two builds of
portolan give the same results.

Runs every scenario with both, and COUNT random ones drawn from the seed, and compares the results folders: the same bytes
in every file but the manifest (columns that only one of them writes are left out); or else the same routes, answers and bytes, and times within 20 us, of which the rows are
counted. Where requests fall together (constant think times), the order of equal events may change, and with it who waits
for whom and what is asked next: then sums of each policy are compared, and must be within 2 %.

--traces runs each scenario once with each format of traces that NEW lists, and a random scenario with one of several
samplings, too. --set goes to both builds: fewer requests, say. Exit status 1 if two results differ by more. Standard
library only."""
import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

TIMES = {"arrival_s", "latency_s", "wait_phone_s", "wait_edge_s", "wait_cloud_s", "network_s"}
TOLERANCE_S = 20e-6
SUMMED = ("cost", "compute_s", "bytes_up", "bytes_down", "latency_s")
SUM_TOLERANCE = 0.02

# ---- Random scenarios (YAML is a superset of JSON) ----


def some_link(draw, half_duplex=False):
    link = {"up": f"{draw.randint(1, 100)}Mbps", "down": f"{draw.randint(1, 200)}Mbps", "latency": f"{draw.randint(1, 40)}ms"}
    if half_duplex:
        del link["down"]
        link["half_duplex"] = True
    return link


def some_device(draw, name, speed, cores):
    return {"speed": f"{speed}Gf", "cores": cores, "idle": f"{draw.randint(0, 5)}W", "busy": f"{draw.randint(6, 90)}W",
            "memory": "64GiB", "summary": name}


def some_platform(draw):
    cells = draw.randint(1, 3)
    phones = []
    for group in range(draw.randint(1, 3)):
        one = {"name": f"g{group}", "count": draw.randint(1, 25), "cell": f"c{draw.randrange(cells)}",
               "device": some_device(draw, "phone", draw.randint(2, 15), draw.randint(1, 4))}
        if draw.random() < 0.5:
            one["speed"] = {"uniform": ["2Gf", "15Gf"]}
        if draw.random() < 0.3:
            one["up"] = f"{draw.randint(1, 20)}Mbps"
        if draw.random() < 0.3:
            one["down"] = f"{draw.randint(1, 20)}Mbps"
        phones.append(one)
    sites = [{"name": f"s{i}", "server": some_device(draw, "edge", draw.randint(10, 60), draw.randint(1, 3)),
              "backhaul": some_link(draw), "region": "r", "queue": draw.choice([0, 2, 1000000])}
             for i in range(draw.randint(1, 2))]
    return {"name": "random",
            "network": {"model": draw.choice(["CM02", "LV08"]), "crosstraffic": draw.random() < 0.3},
            "phones": phones,
            "cells": [{"name": f"c{i}", "count": draw.randint(1, 2), "link": some_link(draw, draw.random() < 0.3),
                       "site": f"s{draw.randrange(len(sites))}"} for i in range(cells)],
            "sites": sites,
            "regions": [{"name": "r", "server": some_device(draw, "cloud", draw.randint(50, 300), draw.randint(1, 4)),
                         "wan": some_link(draw)}]}


def some_arrivals(draw):
    return draw.choice([{"process": "poisson", "rate": f"{draw.choice([0.1, 0.5, 2])}/s"},
                        {"process": "constant", "rate": f"{draw.choice([0.1, 0.5, 2])}/s"},
                        {"process": "closed", "think": {"exponential": "2s"}},
                        {"process": "closed", "think": "1s"}])


def some_scenario(draw):
    policies = ["phone-only", "edge-only", "cloud-only", "random", {"confidence": {"exits": draw.choice(["all", "tiers"])}},
                {"patience": {"exits": "all", "escalate": "hidden"}}, "oracle-cost",
                {"entropy": {"escalate": draw.choice(["tokens", "hidden"])}}]
    run = draw.choice([{"requests": draw.randint(100, 800), "warmup": draw.choice([0, 50])}, {"duration": "60s"}])
    return {"name": "random", "seed": draw.randint(1, 1000), "platform": some_platform(draw),
            "workload": {"arrivals": some_arrivals(draw), "order": draw.choice(["sequential", "shuffled"])},
            "model": {"synthetic": {"samples": 500, "work": draw.choice(["constant", "exponential"])}},
            "split": {"phone": 3, "edge": 6, "cloud": 12}, "policies": draw.sample(policies, 3), "run": run,
            "output": {"requests": "csv", "trace": draw.choice(["none", "chrome", "paje", "csv"])}}


# ---- Comparing ----


def is_simultaneous(scenario):
    """Whether its requests may fall together: a constant think time."""
    arrivals = scenario.get("workload", {}).get("arrivals", {}) if isinstance(scenario, dict) else {}
    return arrivals.get("process") == "closed" and not isinstance(arrivals.get("think"), dict)


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def differs_in_time(a, b):
    """The largest difference of two rows' times in seconds; None if anything else differs."""
    worst = 0.0
    for key in a.keys() & b.keys():
        if a[key] == b[key]:
            continue
        if key not in TIMES or not a[key] or not b[key]:
            return None
        worst = max(worst, abs(float(a[key]) - float(b[key])))
    return worst if worst <= TOLERANCE_S else None


def sums(rows):
    """Of each policy: requests, work, bytes and time."""
    found = {}
    for row in rows:
        one = found.setdefault(row["policy"], dict.fromkeys(("requests", *SUMMED), 0.0))
        one["requests"] += 1
        for key in SUMMED:
            one[key] += float(row[key])
    return found


def compare_sums(old, new):
    a, b = sums(old), sums(new)
    worst = max((abs(b[policy][key] - value) / value, policy, key)
                for policy in a for key, value in a[policy].items() if value)
    print(f"    requests fall together: sums differ by {100 * worst[0]:.2g} % at most ({worst[2]} of {worst[1]})")
    return worst[0] <= SUM_TOLERANCE


def compare_rows(old, new, simultaneous):
    a, b = rows_of(old), rows_of(new)
    worst = [differs_in_time(x, y) for x, y in zip(a, b)]
    if len(a) != len(b) or None in worst:
        return simultaneous and compare_sums(a, b)
    print(f"    {sum(w > 0 for w in worst)} of {len(worst)} rows differ, by {max(worst):.2g} s at most")
    return True


def is_same(old, new):
    """Whether two files are, but for columns that only one of them has, and for summary.json's version of them."""
    if not old.exists() or not new.exists():
        return False
    if old.suffix == ".csv":
        a, b = rows_of(old), rows_of(new)
        columns = [name for name in (a or [{}])[0] if name in (b or [{}])[0]]
        return [[row[c] for c in columns] for row in a] == [[row[c] for c in columns] for row in b]
    if old.name == "summary.json":
        a, b = ({**json.loads(path.read_text()), "schema_version": 0} for path in (old, new))
        return a == b
    return old.read_bytes() == new.read_bytes()


def compare(old, new, simultaneous):
    """Says what differs, and returns whether it may."""
    names = {p.name for folder in (old, new) for p in folder.iterdir()} - {"manifest.json"}
    different = [n for n in sorted(names) if not is_same(old / n, new / n)]
    if not different:
        print("    the same bytes")
        return True
    print("    differ:", ", ".join(different))
    rows = [folder / "requests.csv" for folder in (old, new)]
    if not all(path.exists() for path in rows):
        return False
    return compare_rows(*rows, simultaneous)


def formats(command):
    """Names of the formats that traces may have."""
    listed = subprocess.run([command, "list", "traces", "--json"], stdout=subprocess.PIPE, check=True)
    return [row["name"] for row in json.loads(listed.stdout)]


def run(command, scenario, sets, out):
    changes = [word for change in sets for word in ("--set", change)]
    done = subprocess.run([command, "run", "-q", scenario, *changes, "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    return done.returncode, done.stderr.replace(str(out), "OUT")


def check(scenario, content, options, sets, folder):
    outs = [folder / "old", folder / "new"]
    said = [run(command, scenario, sets, out) for command, out in zip((options.old, options.new), outs)]
    if said[0] != said[1]:
        print("    old:", *said[0], "\n    new:", *said[1])
        return False
    if said[0][0] != 0:
        print("    both refuse:", said[0][1].strip())
        return not content  # a random scenario must run
    return compare(*outs, is_simultaneous(content))


def traced(name, draw):
    """The change that asks for a trace in that format, all of it or a sample."""
    return "output.trace=" + draw.choice([name, f"{{format: {name}, every: 7, step: 300ms}}",
                                          f"{{format: {name}, window: [5s, 20s], step: 2s}}"])


def variants(options, number):
    """The changes to run a scenario with, a list each."""
    if not options.traces:
        return [options.set]
    draw = random.Random(number) if number >= 0 else None
    return [options.set + [traced(name, draw) if draw else f"output.trace={name}"] for name in formats(options.new)]


def check_all(scenario, content, options, number, folder):
    """The number of variants that differ."""
    failed = 0
    for index, sets in enumerate(variants(options, number)):
        print(scenario if number < 0 else f"random scenario {number}", *sets)
        within = folder / str(index)
        within.mkdir()
        failed += not check(scenario, content, options, sets, within)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=20)
    parser.add_argument("--scenarios", nargs="*", default=[])
    parser.add_argument("--traces", action="store_true")
    parser.add_argument("--set", nargs="*", default=[])
    options = parser.parse_args()
    failed = 0
    for number in range(-len(options.scenarios), options.random):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            content = None
            if number < 0:
                scenario = options.scenarios[number]
            else:
                content = some_scenario(random.Random(options.seed * 100000 + number))
                scenario = folder / "scenario.yaml"
                scenario.write_text(json.dumps(content, indent=1))
            failed += check_all(scenario, content, options, number, folder)
    if failed:
        sys.exit(f"equality: {failed} runs differ")


main()
