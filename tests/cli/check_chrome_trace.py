#!/usr/bin/env python3
"""check_chrome_trace.py TRACE.json SUMMARY.json REQUESTS.csv: whether a trace of all requests of a run without warm-up
keeps the rules of Chrome's trace-event format, whether its spans nest, and whether its sums are those of the summary.
Standard library only; it shares nothing with the code that writes."""
import csv
import json
import math
import sys
from collections import Counter, defaultdict

METADATA = {"process_name": ("name", str), "thread_name": ("name", str), "process_sort_index": ("sort_index", int),
            "thread_sort_index": ("sort_index", int)}


def demand(condition, *what):
    if not condition:
        sys.exit("check_chrome_trace: " + " ".join(str(w) for w in what))


def is_number(x):
    return type(x) in (int, float) and math.isfinite(x)


def same(what, found, wanted, tolerance=1e-6):
    demand(abs(found - wanted) <= tolerance * max(1, abs(wanted)), what, "is", found, "in the trace, wanted", wanted)


def check_form(event):
    """What every event of its kind must have."""
    phase = event.get("ph")
    demand(phase in ("M", "X", "b", "e", "n", "C"), "unknown phase", event)
    demand(isinstance(event.get("name"), str) and event["name"], "no name", event)
    demand(type(event.get("pid")) is int and isinstance(event.get("args"), dict), "no pid or args", event)
    if phase == "M":
        key, kind = METADATA[event["name"]]
        demand(type(event["args"].get(key)) is kind, "metadata without", key, event)
        return
    demand(is_number(event.get("ts")) and event["ts"] >= 0, "no ts", event)
    if phase == "C":
        demand(event["args"] and all(is_number(v) for v in event["args"].values()), "a counter of what?", event)
        return
    demand(type(event.get("tid")) is int and isinstance(event.get("cat"), str), "no tid or cat", event)
    if phase == "X":
        demand(is_number(event.get("dur")) and event["dur"] >= 0, "no dur", event)
    else:
        demand(isinstance(event.get("id"), str) and int(event["id"], 16) >= 0, "no id", event)


def check_names(events):
    """Every process is named, and so is every thread on which something happens."""
    processes = {e["pid"] for e in events if e["name"] == "process_name"}
    threads = Counter((e["pid"], e["tid"]) for e in events if e["name"] == "thread_name")
    demand(all(n == 1 for n in threads.values()), "a thread is named twice")
    for e in events:
        demand(e["pid"] in processes, "a process without a name", e)
        demand(e["ph"] != "X" or (e["pid"], e["tid"]) in threads, "a thread without a name", e)


def check_threads(events):
    """Complete events of a thread are disjoint or nested."""
    threads = defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            threads[e["pid"], e["tid"]].append((round(e["ts"] * 1000), -round(e["dur"] * 1000)))
    for key, spans in threads.items():
        open_ends = []
        for start, minus in sorted(spans):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            demand(not open_ends or start - minus <= open_ends[-1], "spans of thread", key, "cross at", start)
            open_ends.append(start - minus)


# What the phases of a message that is held are called, and the fixed cost within computing; columns of requests.csv.
PARTS = {"waiting for the radio": "promotion_s", "connecting to": "connection_s", "call at": "call_s"}


def part_of(name):
    return next((column for begin, column in PARTS.items() if name.startswith(begin)), None)


def check_lives(events):
    """Async spans: as they stand, each end closes what was opened last; the phases fill the life without a gap, but for the
    calls, which are in the computing."""
    stacks, clocks, lives, phase_sum, parts = defaultdict(list), {}, {}, Counter(), defaultdict(Counter)
    for e in events:
        if e["ph"] not in "ben":
            continue
        key = e["cat"], e["pid"], e["id"]
        demand(e["ts"] >= clocks.get(key, 0), "time goes back", e)
        clocks[key] = e["ts"]
        stack = stacks[key]
        if e["ph"] == "b":
            within = stack[-1]["name"].split()[0] if stack else None
            demand(within == {"request": None, "call": "computing"}.get(e["name"].split()[0], "request"), "wrong depth", e)
            demand(stack or key not in lives, "a life begins twice", e)
            stack.append(e)
        elif e["ph"] == "e":
            demand(stack and stack[-1]["name"] == e["name"], "ends what was not opened last", e)
            begin = stack.pop()
            if part_of(e["name"]):
                parts[key][part_of(e["name"])] += (e["ts"] - begin["ts"]) * 1e-6
            if len(stack) == 1:
                phase_sum[key] += e["ts"] - begin["ts"]
            elif not stack:
                lives[key] = {**begin["args"], **e["args"], "span_s": (e["ts"] - begin["ts"]) * 1e-6, "parts": parts[key]}
                same("the phases' sum", phase_sum[key], e["ts"] - begin["ts"], 1e-5)
        else:
            demand(stack, "a moment outside a life", e)
    demand(not any(stacks.values()), "a life has no end")
    return list(lives.values())


def check_rows(lives, rows):
    """Every life is the row of requests.csv with its number."""
    demand(len(lives) == len(rows), len(lives), "lives,", len(rows), "rows")
    for life in lives:
        row = rows[life["request"]]
        demand(life["phone"] == int(row["phone"]) and life["sample"] == int(row["sample"]), "another request", life, row)
        same("latency_s", life["span_s"], float(row["latency_s"]), 1e-8)
        for column in PARTS.values():
            same(column, life["parts"][column], float(row[column]), 1e-8)
        demand((life["outcome"] == "failed") == bool(row["failure"]), "another outcome", life, row)
        for tier in ("phone", "edge", "cloud"):
            wait, there = row[f"wait_{tier}_s"], f"wait_{tier}_ms" in life
            demand(there == (wait != ""), "a wait where it was not, or none where it was", life, row)
            demand(not there or abs(life[f"wait_{tier}_ms"] - float(wait) * 1e3) < 1e-4 + 1e-6 * float(wait) * 1e3, life, row)
        demand(row["failure"] or life["tier"] == row["tier"] and life["exit"] == int(row["exit"]), life, row)


AWAKES = ("promoting", "active")  # a promotion that is drawn may need no time


def check_radios(events, lives, rows, end):
    """Radio states follow each other without a gap until the radio sleeps. What a request's cost is what its row has beyond
    computing and bytes, but for a tail that the end of the run cuts. Returns the joules of all, and of what is cut."""
    radios, joules, cut = defaultdict(list), Counter(), set()
    for e in events:
        if e["ph"] == "X" and e["cat"] == "radio":
            radios[e["pid"], e["tid"]].append(e)
            joules[e["args"]["request"]] += e["args"]["energy_j"]
    for spans in radios.values():
        demand(spans[0]["name"] in AWAKES, "not asleep at first", spans[0])
        for before, after in zip(spans, spans[1:]):
            begins = before["ts"] + before["dur"]
            demand(abs(after["ts"] - begins) < 0.01 or (after["ts"] > begins and after["name"] in AWAKES), before, after)
        if spans[-1]["ts"] + spans[-1]["dur"] >= end * 1e6 - 0.01:
            cut.add(spans[-1]["args"]["request"])
    behind = 0
    for life in lives:
        of_states = float(rows[life["request"]]["energy_active_phone_j"]) - life["energy_active_phone_j"]
        if life["request"] in cut:
            behind += of_states - joules[life["request"]]
        else:
            same(f"joules of the radio's states, request {life['request']}", joules[life["request"]], of_states)
    return sum(joules.values()), behind


def check_means(lives, summary):
    answered = [x for x in lives if x["outcome"] == "answered"]
    n = len(lives)
    same("requests", n, summary["requests"], 0)
    same("answered", len(answered), summary["answered"], 0)
    same("failed", n - len(answered), summary["failed"], 0)
    same("latency_mean_s", sum(x["span_s"] for x in answered) / len(answered), summary["latency_mean_s"])
    same("accuracy", sum(x["prediction"] == x["label"] for x in answered) / len(answered), summary["accuracy"])
    same("exit_mean", sum(x["exit"] for x in answered) / len(answered), summary["exit_mean"])
    for key in ("cost", "bytes_up", "bytes_down"):
        same(key, sum(x[key] for x in lives) / n, summary[key])
    for tier in ("phone", "edge", "cloud"):
        same("share_" + tier, sum(x["tier"] == tier for x in answered) / len(answered), summary["share_" + tier])


def integrate(points, end):
    """Integral over seconds of what holds its value until the next point."""
    times = [t for t, _ in points] + [end]
    demand(times == sorted(times), "a counter goes back in time")
    return sum(v * (times[i + 1] - times[i]) for i, (_, v) in enumerate(points))


def counters_of(events, end):
    series = defaultdict(list)
    for e in events:
        if e["ph"] == "C":
            for unit, value in e["args"].items():
                series[e["pid"], e["name"], unit].append((e["ts"] * 1e-6, value))
    return {key: integrate(points, end) for key, points in series.items()}


def check_counters(events, lives, other, summary, radios):
    """Integrals of the counters: busy seconds, joules, waiting seconds, bytes."""
    end, begin = other["end_s"], other["window_start_s"]
    areas = counters_of(events, end)
    busy, cores, joules, idle = Counter(), Counter(), Counter(), Counter()
    pids = {}
    for place in other["places"]:
        tier, pids[place["pid"]] = place["tier"], place["tier"]
        busy[tier] += areas[place["pid"], "utilization", "%"] / 100 * place["cores"]
        joules[tier] += areas[place["pid"], "power", "W"]
        cores[tier] += place["cores"]
        idle[tier] += place["idle_w"]
    spans = Counter()
    for e in events:
        if e["ph"] == "X" and e["cat"] == "compute":
            spans[pids[e["pid"]]] += e["dur"] * 1e-6
    for tier in busy:
        same("busy seconds, " + tier, busy[tier], spans[tier], 1e-5)
    for tier in ("edge", "cloud"):
        same(tier + "_utilization", spans[tier] / (cores[tier] * (end - begin)), summary[tier + "_utilization"])
    own = {"phone": sum(x["energy_active_phone_j"] for x in lives) + radios[0], "server": sum(x["energy_active_server_j"] for x in lives)}
    window, n, servers = end - begin, len(lives), ("edge", "cloud")
    behind = radios[1]  # tails that outlast the run
    same("energy_phone_j of lives", (own["phone"] + idle["phone"] * window + behind) / n, summary["energy_phone_j"])
    same("energy_phone_j of counters", (joules["phone"] - idle["phone"] * begin + behind) / n, summary["energy_phone_j"], 1e-5)
    total = sum(joules[t] - idle[t] * begin for t in joules) + behind
    same("energy_total_j of counters", total / n, summary["energy_total_j"], 1e-5)
    same("energy of servers", sum(joules[t] - idle[t] * end for t in servers), own["server"], 1e-4)
    waiting = sum(a for (_, name, _), a in areas.items() if name == "queue")
    same("waiting seconds", waiting, sum(x.get(f"wait_{tier}_ms", 0) for x in lives for tier in ("phone", "edge", "cloud")) / 1e3, 1e-4)


def main():
    trace = json.load(open(sys.argv[1], encoding="ascii"))
    summary = json.load(open(sys.argv[2]))
    events, other = trace["traceEvents"], trace["otherData"]
    for event in events:
        check_form(event)
    check_names(events)
    check_threads(events)
    lives = check_lives(events)
    policy = next(p for p in summary["policies"] if p["name"] == other["policy"])
    rows = [r for r in csv.DictReader(open(sys.argv[3])) if r["policy"] == other["policy"]]
    check_rows(lives, rows)
    check_means(lives, policy)
    check_counters(events, lives, other, policy, check_radios(events, lives, rows, other["end_s"]))
    print(len(events), "events,", len(lives), "lives: sound")


main()
