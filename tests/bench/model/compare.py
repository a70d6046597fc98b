#!/usr/bin/env python3
"""Portolan's encoder against PyTorch, one thread each: called by run, which makes the models and the bench program.

Passes of the two alternate, and the figure is the ratio of the medians of their processor time. PyTorch is the
reference encoder of the tests, in single precision with the functions that Hugging Face's BERT calls, inputs padded to
the longest of their batch; Portolan computes the same layers and the last exit. Without PyTorch only Portolan's figures are printed.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

try:
    import torch

    sys.path.insert(0, os.path.join(HERE, "..", "..", "model"))
    from reference_encoder import Encoder
except ImportError:
    torch = None


class Portolan:
    """The bench program, which keeps a model loaded and answers commands."""

    def __init__(self, program, folder):
        self.process = subprocess.Popen(
            [program, os.path.join(folder, "model.safetensors")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        load, self.kernels = self.process.stdout.readline().split(" ", 1)
        self.load, self.kernels = float(load), self.kernels.strip()

    def ask(self, command, at_once=None, lengths=()):
        print(command, *([at_once] if at_once else []), *lengths, file=self.process.stdin, flush=True)
        return [float(word) for word in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def torch_pass(encoder, at_once, lengths, vocabulary):
    """Processor seconds of one pass, padded batch by batch, with a mask where anything is padded."""
    batches = []
    for first in range(0, len(lengths), at_once):
        some = torch.tensor(lengths[first : first + at_once])
        longest = int(some.max())
        ids = torch.randint(0, vocabulary, (len(some), longest))
        padded = torch.arange(longest)[None, :] >= some[:, None]
        mask = padded[:, None, None, :] * -1e9 if bool(padded.any()) else None
        batches.append((ids, torch.zeros_like(ids), mask))
    started = time.process_time()
    with torch.no_grad():
        for ids, segments, mask in batches:
            x = encoder.embed(ids, segments)
            for index in range(encoder.layers):
                x = encoder.layer(x, index, mask)
            encoder.exit(x, encoder.layers)
    return time.process_time() - started


def compare(name, ours, theirs, at_once, lengths, seconds):
    """One row: repeats until `seconds` have gone by, at least three times."""
    own, other = [], []
    ours.ask("run", at_once, lengths)
    if theirs:
        torch_pass(theirs, at_once, lengths, theirs.vocabulary)
    started = time.monotonic()
    while len(own) < 3 or (time.monotonic() - started < seconds and len(own) < 201):
        own.append(ours.ask("run", at_once, lengths)[0])
        if theirs:
            other.append(torch_pass(theirs, at_once, lengths, theirs.vocabulary))
    rate = len(lengths) / statistics.median(own)
    if not theirs:
        return f"| {name} | {rate:.4g} | | |"
    their_rate = len(lengths) / statistics.median(other)
    return f"| {name} | {rate:.4g} | {their_rate:.4g} | {rate / their_rate:.2f} |"


def shares(name, ours, at_once, lengths):
    """One row of the share of each kind of work; the fastest of several passes, since neighbours only slow down."""
    best = min((ours.ask("share", at_once, lengths) for _ in range(3 if at_once > 1 else 21)), key=lambda row: row[0])
    whole = best[0]
    products, rest = best[1] + best[2], best[3:]
    cells = [best[1], best[2], *rest, whole - products - sum(rest), whole - products]
    return f"| {name} | " + " | ".join(f"{100 * cell / whole:.1f}" for cell in cells) + " |"


def sst2_lengths(data, vocabulary):
    """Tokens of SST-2's development set, in the order of the file; None where it is not there."""
    path = os.path.join(data, "glue", "SST-2", "dev.tsv")
    if not data or not os.path.exists(path):
        return None
    with open(vocabulary, encoding="utf-8") as file:
        words = {line.rstrip("\n") for line in file}
    lengths = []
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            lengths.append(2 + sum(pieces(word, words) for word in line.split("\t")[0].split()))
    return lengths


def pieces(word, words):
    """Greedy longest-first word pieces; the file is lower case and split at punctuation already."""
    count, at = 0, 0
    while at < len(word):
        end = len(word)
        while end > at and ("##" if at else "") + word[at:end] not in words:
            end -= 1
        if end == at:
            return 1
        count, at = count + 1, end
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folders", nargs="+", help="NAME=FOLDER of a model")
    parser.add_argument("--seconds", type=float, default=10, help="for each row")
    parser.add_argument("--no-torch", action="store_true")
    options = parser.parse_args()
    data = os.environ.get("PORTOLAN_DATA", "")
    mix = sst2_lengths(data, os.path.join(data, "vocab", "bert-base-uncased-vocab.txt"))
    with_torch = torch is not None and not options.no_torch
    if with_torch:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
    else:
        print("PyTorch is not there: Portolan's figures alone.\n")
    if mix is None:
        print("PORTOLAN_DATA is not set, or lacks glue/SST-2/dev.tsv: without its mix of lengths.\n")
    speed, parts, memory = [], [], []
    for pair in options.folders:
        name, folder = pair.split("=", 1)
        ours = Portolan(options.program, folder)
        # memory first: one sequence at a time, as a simulated device does
        ours.ask("run", 1, [128])
        anonymous, peak, weights = ours.ask("memory")
        cells = [f"{kib / 1024:.0f}" for kib in (weights, anonymous, peak)]
        memory.append(f"| {name} | {' | '.join(cells)} | {ours.load:.2f} |")
        theirs = Encoder(folder) if with_torch else None
        for at_once in (1, 32):
            for length in (32, 128):
                row = f"{name}, {length} tokens, batch {at_once}"
                speed.append(compare(row, ours, theirs, at_once, [length] * at_once, options.seconds))
                parts.append(shares(row, ours, at_once, [length] * at_once))
                print(speed[-1], file=sys.stderr, flush=True)
        if mix:
            some = mix if weights < 100 * 1024 else mix[:192]  # kibibytes; a large model takes its time
            row = f"{name}, SST-2 dev" + ("" if some is mix else f" (its first {len(some)})") + ", batch 32"
            speed.append(compare(row, ours, theirs, 32, some, options.seconds))
            parts.append(shares(row, ours, 32, some))
            print(speed[-1], file=sys.stderr, flush=True)
        kernels = ours.kernels
        ours.close()
        del theirs
    print(f"Kernels: {kernels}." + (f" PyTorch {torch.__version__}." if with_torch else ""))
    print("\nSequences a second of processor time, one thread\n\n| | Portolan | PyTorch | ratio |\n|---|---|---|---|")
    print(*speed, sep="\n")
    print("\nShare of the time, %\n\n| | products with weights | products in attention | softmax | layer norm | GELU "
          "| tanh | additions | other | all but products |\n|---|---|---|---|---|---|---|---|---|---|")
    print(*parts, sep="\n")
    print("\nMemory at batch 1, MiB\n\n| | weights in single precision | anonymous memory | peak | load, s |")
    print("|---|---|---|---|---|")
    print(*memory, sep="\n")


if __name__ == "__main__":
    main()
