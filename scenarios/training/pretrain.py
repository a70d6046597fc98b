#!/usr/bin/env python3
"""Pre-training on masked words (Devlin et al. 2019, section 3.1), in PyTorch: from the texts of all training sets to
weights from which `portolan train` starts.

    portolan random-model results/words/model.safetensors --hidden 64 --feed-forward 256 --positions 128 \\
        --vocab $PORTOLAN_DATA/vocab/bert-base-uncased-vocab.txt
    /usr/bin/python3 scenarios/training/pretrain.py results/words
    portolan train scenarios/training/sst2.yaml --set model.start=results/words/model.safetensors \\
        --set model.hidden=64 --set model.positions=128

The model in the folder is replaced by the trained one. Its exits are left out, so that `portolan train` starts them
at random; the head that guesses words stays under BERT's names, so that pre-training can go on. One text in a hundred
is kept out, to judge by; no dev set is read. Encoder and tokenizer are those that Portolan's own are tested against.
Needs PyTorch and NumPy (Debian: python3-torch, python3-numpy). One thread; the same arguments give the same weights
on the same machine."""
import argparse
import functools
import json
import math
import os
import random
import struct
import sys
import time

import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path += [os.path.join(ROOT, "tests", "model"), os.path.join(ROOT, "tests", "workloads")]
import reference_encoder  # noqa: E402
import reference_tokenizer  # noqa: E402

# Training sets: file, columns of the texts, whether a header precedes them. Labels are not looked at.
TABLES = [("glue/SST-2/train.tsv", [0], True), ("glue/CoLA/train.tsv", [3], False),
          ("glue/RTE/train.tsv", [1, 2], True), ("glue/MRPC/train.tsv", [3, 4], True)]
PAIRS = ["glue_subset/MNLI/train.json", "glue_subset/QNLI/train.json", "glue_subset/QQP/train.json",
         "glue_subset/SNLI/train.json"]
MASKED, KEPT, REPLACED = 0.15, 0.1, 0.1  # of all tokens; of these: left as they are, replaced by any other
HEAD = "cls.predictions."


def read_texts(data):
    """All texts, a list of one or two strings each."""
    for name, columns, header in TABLES:
        with open(os.path.join(data, name), encoding="utf-8", newline="\n") as file:
            for line in file.readlines()[header:]:
                fields = line.rstrip("\r\n").split("\t")
                yield [fields[c] for c in columns]
    for name in PAIRS:
        with open(os.path.join(data, name), encoding="utf-8") as file:
            for row in json.load(file).values():
                yield [row["text_a"], row["text_b"]]


def encode_texts(texts, vocabulary, most):
    """(tokens, how many of them are of the first text) for each text, cut to `most` tokens."""
    pieces = functools.lru_cache(None)(lambda word: reference_tokenizer.pieces(word, vocabulary))
    for text in texts:
        words = (reference_tokenizer.words(part, False, []) for part in text)
        tokens = [[p for word in part for p in pieces(word)] for part in words]
        first, all_tokens = reference_tokenizer.encoded(tokens[0], tokens[1] if len(tokens) > 1 else None, most)
        yield [vocabulary[t] for t in all_tokens], first


def batches(samples, tokens, draw):
    """An epoch: samples of like lengths together, about `tokens` tokens a batch, batches in random order."""
    order = sorted(samples, key=lambda s: (len(s[0]), draw.random()))
    groups, start = [], 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * len(order[end][0]) > tokens:
            groups.append(order[start:end])
            start = end
    draw.shuffle(groups)
    return groups


def to_tensors(group, pad):
    """Ids and segments, [batch][longest], padded, and which tokens are none of the padding."""
    lengths = torch.tensor([len(ids) for ids, _ in group])[:, None]
    longest = int(lengths.max())
    ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in group])
    places, first = torch.arange(longest)[None], torch.tensor([first for _, first in group])[:, None]
    real = places < lengths
    return ids, ((places >= first) & real).long(), real


def mask_words(ids, real, special, words):
    """What the model sees, and which tokens it is to guess; one at least."""
    chance = torch.rand(ids.shape).masked_fill(~real | torch.isin(ids, special["never"]), 1)
    chosen = chance <= max(MASKED, chance.min())
    how = torch.rand(ids.shape)
    seen = ids.masked_fill(chosen & (how < 1 - KEPT - REPLACED), special["mask"])
    anything = words[torch.randint(len(words), ids.shape)]
    return torch.where(chosen & (how >= 1 - REPLACED), anything, seen), chosen


def hidden_states(encoder, ids, segments, real):
    mask = None if real.all() else torch.zeros(real.shape).masked_fill(~real, -math.inf)[:, None, None]
    x = encoder.embed(ids, segments)
    for index in range(encoder.layers):
        x = encoder.layer(x, index, mask)
    return x


def guess_words(encoder, group, special, words):
    """Masks a batch and guesses: (sum of the losses, right guesses, guesses). Only the words that the texts have can be
    guessed; the output embedding is the input embedding."""
    ids, segments, real = to_tensors(group, special["pad"])
    seen, chosen = mask_words(ids, real, special, words)
    x = encoder.linear(hidden_states(encoder, seen, segments, real)[chosen], HEAD + "transform.dense")
    x = encoder.norm(torch.nn.functional.gelu(x), HEAD + "transform.LayerNorm")
    logits = x @ encoder.w["bert.embeddings.word_embeddings.weight"][words].T + encoder.w[HEAD + "bias"][words]
    wanted = torch.searchsorted(words, ids[chosen])
    loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
    return loss, int((logits.argmax(1) == wanted).sum()), len(wanted)


def in_words(results):
    loss, right, count = (float(sum(column)) for column in zip(*results))
    return f"loss {loss / count:.3f}, {right / count:.1%} of {count:.0f} words guessed"


@torch.no_grad()
def judge(encoder, samples, special, words, tokens):
    groups = batches(samples, tokens, random.Random(0))
    return in_words([guess_words(encoder, group, special, words) for group in groups])


def add_head(weights, width, vocabulary):
    new = {"transform.dense.weight": torch.randn(width, width) * 0.02, "transform.dense.bias": torch.zeros(width),
           "transform.LayerNorm.weight": torch.ones(width), "transform.LayerNorm.bias": torch.zeros(width),
           "bias": torch.zeros(vocabulary)}
    for name, value in new.items():
        weights.setdefault(HEAD + name, value)


def write_safetensors(path, tensors):
    """The counterpart of reference_encoder.read_safetensors; the file is replaced as a whole."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + 4 * value.numel()]}
        at += 4 * value.numel()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".new", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            file.write(value.detach().numpy().astype("<f4").tobytes())
    os.replace(path + ".new", path)


def train(encoder, samples, special, words, options):
    """AdamW without dropout; the rate grows over the first 6 % of the steps, then falls linearly to 0."""
    weights = [value.requires_grad_() for value in encoder.w.values()]
    optimizer = torch.optim.AdamW([{"params": [v for v in weights if v.dim() > 1], "weight_decay": 0.01},
                                   {"params": [v for v in weights if v.dim() == 1], "weight_decay": 0}])
    draw, results, start = random.Random(options.seed), [], time.monotonic()
    order = [group for _ in range(options.epochs) for group in batches(samples, options.batch, draw)]
    for step, group in enumerate(order, 1):
        share = step / len(order)
        for parameters in optimizer.param_groups:
            parameters["lr"] = options.rate * min(share / 0.06, (1 - share) / 0.94)
        loss, right, count = guess_words(encoder, group, special, words)
        optimizer.zero_grad()
        (loss / count).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        results.append((loss.item(), right, count))
        if step % options.every == 0:
            spent = time.monotonic() - start
            print(f"step {step} of {len(order)}: {in_words(results)}; {step / spent:.1f} steps/s, "
                  f"{spent / 60 * (1 / share - 1):.1f} min left", flush=True)
            results = []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of a model, as `portolan random-model` writes it")
    parser.add_argument("--data", default=os.environ.get("PORTOLAN_DATA"), help="default: PORTOLAN_DATA")
    parser.add_argument("--epochs", type=int, default=3, help="passes over all texts (3)")
    parser.add_argument("--rate", type=float, default=1e-3, help="largest learning rate (1e-3)")
    parser.add_argument("--batch", type=int, default=2048, help="tokens of a step (2048)")
    parser.add_argument("--every", type=int, default=100, help="steps between lines of progress (100)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.data:
        parser.error("give --data, or set PORTOLAN_DATA")
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    encoder = reference_encoder.Encoder(options.folder)
    if encoder.pre_norm:
        parser.error(f"{options.folder}: the model is pre-norm; only post-norm ones can be trained here")
    encoder.w = {name: value for name, value in encoder.w.items()
                 if name.startswith(("bert.embeddings.", "bert.encoder.layer.", HEAD))}
    add_head(encoder.w, encoder.w["bert.embeddings.LayerNorm.bias"].numel(), encoder.vocabulary)
    with open(os.path.join(options.folder, "vocab.txt"), encoding="utf-8") as file:
        vocabulary = {line.rstrip("\n"): number for number, line in enumerate(file)}
    special = {"pad": vocabulary["[PAD]"], "mask": vocabulary["[MASK]"],
               "never": torch.tensor([vocabulary["[CLS]"], vocabulary["[SEP]"]])}
    samples = list(encode_texts(read_texts(options.data), vocabulary, encoder.positions))
    words = torch.unique(torch.tensor([t for ids, _ in samples for t in ids]))
    print(f"{len(samples)} texts, {sum(len(ids) for ids, _ in samples)} tokens, {len(words)} different ones", flush=True)
    random.Random(0).shuffle(samples)
    kept_out, samples = samples[:len(samples) // 100], samples[len(samples) // 100:]
    print(f"texts kept out, before: {judge(encoder, kept_out, special, words, options.batch)}", flush=True)
    train(encoder, samples, special, words, options)
    print(f"texts kept out, after: {judge(encoder, kept_out, special, words, options.batch)}", flush=True)
    write_safetensors(os.path.join(options.folder, "model.safetensors"), encoder.w)


if __name__ == "__main__":
    main()
