#!/usr/bin/env python3
"""The encoder a second time, in PyTorch, to compare with: BERT with an exit after some layers.

    /usr/bin/python3 tests/model/reference_encoder.py FOLDER... > /dev/null
    build/tests/model_encoder --models DIR && /usr/bin/python3 tests/model/reference_encoder.py --golden DIR/*

The first form prints the logits of every exit for each model folder (model.safetensors and config.json); the second,
which made tests/model/golden/*.txt, writes them there. It was written from the papers (Devlin et al. 2019 for post-LN,
Xiong et al. 2020 for pre-LN, Xin et al. 2020 and Zhou et al. 2020 for exits), reads safetensors with the few lines
below, and shares no code with Portolan. Golden logits are those of double precision; how far single precision is from them is noted beside.
Needs PyTorch (any from 1.8 on) and NumPy.
"""
import argparse
import json
import math
import os
import random
import struct
import sys

import numpy
import torch

# (tokens of the first text, tokens of the second; 0: none), [CLS] and [SEP] included
INPUTS = [(1, 0), (2, 0), (3, 2), (7, 0), (16, 0), (17, 15), (31, 0), (33, 0), (50, 40), (97, 0), (64, 64), (128, 0)]


def read_safetensors(path):
    """{name: float32 array} of a .safetensors file: 8 bytes of header length, a JSON header, the data."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, end = entry["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]
        tensors[name] = numpy.frombuffer(data[first:end], dtype=kind).astype("float32").reshape(entry["shape"])
    return tensors


class Encoder:
    """The forward pass of one sequence or of a padded batch, from config.json's settings and named tensors."""

    def __init__(self, folder, dtype=torch.float32):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        own = config.get("portolan", {})
        tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
        self.w = {name: torch.from_numpy(numpy.array(value)).to(dtype) for name, value in tensors.items()}
        self.heads = config["num_attention_heads"]
        self.layers = config["num_hidden_layers"]
        self.vocabulary = config["vocab_size"]
        self.positions = config["max_position_embeddings"]
        self.segments = config["type_vocab_size"]
        self.eps = config["layer_norm_eps"]
        self.pre_norm = own.get("pre_norm", False)
        self.mean = own.get("pooling", "cls") == "mean"
        self.pooler = own.get("pooler", True)
        self.exits = own.get("exits") or list(range(1, self.layers + 1))
        self.single = dtype == torch.float32

    def norm(self, x, name):
        if self.single:
            return torch.nn.functional.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"],
                                                  self.eps)
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(-1, keepdim=True)
        return (x - mean) / torch.sqrt(variance + self.eps) * self.w[name + ".weight"] + self.w[name + ".bias"]

    def linear(self, x, name):
        return torch.nn.functional.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def embed(self, ids, segments):
        base = "bert.embeddings."
        x = self.w[base + "word_embeddings.weight"][ids] + self.w[base + "position_embeddings.weight"][: ids.shape[1]]
        if self.segments:
            x = x + self.w[base + "token_type_embeddings.weight"][segments]
        return self.norm(x, base + "LayerNorm")

    def attention(self, x, name, mask):
        batch, tokens, hidden = x.shape
        split = lambda y: y.view(batch, tokens, self.heads, hidden // self.heads).transpose(1, 2)
        query, key, value = (split(self.linear(x, name + ".self." + part)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(2, 3) / math.sqrt(hidden // self.heads)
        if mask is not None:
            scores = scores + mask
        context = torch.softmax(scores, -1) @ value
        return self.linear(context.transpose(1, 2).reshape(batch, tokens, hidden), name + ".output.dense")

    def feed_forward(self, x, name):
        inside = self.linear(x, name + ".intermediate.dense")
        # erf's GELU; spelt out in double precision, as PyTorch computes it in single
        if self.single:
            inside = torch.nn.functional.gelu(inside)
        else:
            inside = inside * 0.5 * (1 + torch.erf(inside / math.sqrt(2)))
        return self.linear(inside, name + ".output.dense")

    def layer(self, x, index, mask=None):
        name = f"bert.encoder.layer.{index}"
        norm1, norm2 = name + ".attention.output.LayerNorm", name + ".output.LayerNorm"
        if self.pre_norm:
            x = x + self.attention(self.norm(x, norm1), name + ".attention", mask)
            return x + self.feed_forward(self.norm(x, norm2), name)
        x = self.norm(x + self.attention(x, name + ".attention", mask), norm1)
        return self.norm(x + self.feed_forward(x, name), norm2)

    def exit(self, x, layer):
        """Logits of the exit after `layer`, from 1; DeeBERT's names for own poolers, PABEE's for a shared one."""
        if self.pre_norm:
            x = self.norm(x, "bert.encoder.LayerNorm")
        x = x.mean(1) if self.mean else x[:, 0]
        own = f"bert.encoder.highway.{layer - 1}"
        shared = "bert.pooler.dense.weight" in self.w
        if self.pooler:
            x = torch.tanh(self.linear(x, "bert.pooler.dense" if shared else own + ".pooler.dense"))
        return self.linear(x, f"classifiers.{layer - 1}" if shared else own + ".classifier")

    def run(self, ids, segments, mask=None):
        """Logits of all exits, a list of [batch][classes]."""
        with torch.no_grad():
            x = self.embed(ids, segments)
            logits = []
            for index in range(self.layers):
                x = self.layer(x, index, mask)
                if index + 1 in self.exits:
                    logits.append(self.exit(x, index + 1))
        return logits


def make_inputs(encoder):
    draw = random.Random(20)
    for first, second in INPUTS:
        if first + second <= encoder.positions:
            ids = [draw.randrange(encoder.vocabulary) for _ in range(first + second)]
            yield ids, [0] * first + [1 if encoder.segments > 1 else 0] * second


def logits_of(encoder, ids, segments):
    return torch.cat(encoder.run(torch.tensor([ids]), torch.tensor([segments]))).double()


def write_golden(folder, out):
    double, single = Encoder(folder, torch.float64), Encoder(folder)
    lines, worst = [], 0
    for ids, segments in make_inputs(double):
        logits = logits_of(double, ids, segments)
        worst = max(worst, (logits - logits_of(single, ids, segments)).abs().max().item())
        lines.append(f"tokens {len(ids)}")
        lines.append("ids " + " ".join(map(str, ids)))
        lines.append("segments " + " ".join(map(str, segments)))
        for layer, row in zip(double.exits, logits.tolist()):
            lines.append(f"exit {layer} " + " ".join("%.9g" % value for value in row))
    name = os.path.basename(os.path.normpath(folder))
    print(f"# Logits of the model '{name}' in double precision, by reference_encoder.py;", file=out)
    print(f"# PyTorch's in single precision differ by up to {worst:.1e}.", file=out)
    print("\n".join(lines), file=out)


def main():
    parser = argparse.ArgumentParser(description="Logits of every exit of a model, by PyTorch.")
    parser.add_argument("folders", nargs="+", help="folder with model.safetensors and config.json")
    parser.add_argument("--golden", action="store_true", help="write golden/NAME.txt instead of printing")
    parser.add_argument("--float64", action="store_true", help="print in double precision")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for folder in options.folders:
        if options.golden:
            name = os.path.basename(os.path.normpath(folder)) + ".txt"
            path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", name)
            with open(path, "w", encoding="ascii") as out:
                write_golden(folder, out)
            print(path, file=sys.stderr)
            continue
        encoder = Encoder(folder, torch.float64 if options.float64 else torch.float32)
        for ids, segments in make_inputs(encoder):
            print(len(ids), logits_of(encoder, ids, segments).tolist())


if __name__ == "__main__":
    main()
