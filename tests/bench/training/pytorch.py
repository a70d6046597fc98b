"""The same training steps in PyTorch, on one thread: prints samples per second. Argument: a file with a line of lengths for
each batch. The tokens are made up; only their number matters."""
import sys
import time

try:
    import torch
except ImportError:
    print("PyTorch is absent")
    sys.exit(0)

from torch import nn

LAYERS, HIDDEN, HEADS, VOCABULARY, POSITIONS = 12, 128, 2, 30522, 64
torch.set_num_threads(1)


class Exit(nn.Module):
    def __init__(self):
        super().__init__()
        self.pooler, self.classifier, self.drop = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2), nn.Dropout(0.1)

    def forward(self, x):
        return self.classifier(self.drop(torch.tanh(self.pooler(x[:, 0]))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, HIDDEN), nn.Embedding(POSITIONS, HIDDEN)
        self.norm, self.drop = nn.LayerNorm(HIDDEN), nn.Dropout(0.1)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(HIDDEN, HEADS, 4 * HIDDEN, 0.1, "gelu", batch_first=True) for _ in range(LAYERS))
        self.exits = nn.ModuleList(Exit() for _ in range(LAYERS))

    def forward(self, ids, padding):
        x = self.drop(self.norm(self.tokens(ids) + self.positions.weight[: ids.shape[1]]))
        logits = []
        for layer, end in zip(self.layers, self.exits):
            x = layer(x, src_key_padding_mask=padding)
            logits.append(end(x))
        return logits


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
weights = [i / sum(range(1, LAYERS + 1)) for i in range(1, LAYERS + 1)]
samples = 0
for step, line in enumerate(open(sys.argv[1], encoding="ascii")):
    lengths = torch.tensor([int(n) for n in line.split()])
    ids = torch.randint(0, VOCABULARY, (len(lengths), int(lengths.max())))
    padding = torch.arange(ids.shape[1])[None] >= lengths[:, None]
    labels = torch.randint(0, 2, (len(lengths),))
    if step == 3:  # after the first ones, which allocate
        start, samples = time.perf_counter(), 0
    optimizer.zero_grad()
    loss = sum(w * nn.functional.cross_entropy(z, labels) for w, z in zip(weights, model(ids, padding)))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    samples += len(lengths)
print(f"{samples / (time.perf_counter() - start):.0f} samples/s")
