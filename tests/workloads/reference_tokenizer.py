#!/usr/bin/env python3
"""BERT's tokenizer a second time, for the test of the first: plain Python, to be read, not for speed.

    reference_tokenizer.py [--cased] [--pairs] [--tokens] [--most N] VOCABULARY < TEXTS

One text a line (--pairs: two, with a tab between); bytes that are not UTF-8 count as U+FFFD. Prints a line
for each: how many tokens are of segment 0, a colon, and the numbers of the tokens (--tokens: the tokens). The
rules are those of Hugging Face's BertTokenizer in Python, which are listed in workloads/tokenizer.c. Unicode
is that of this Python's unicodedata; --unicode prints its version."""
import argparse
import re
import sys
import unicodedata

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
IDEOGRAPHS = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
              (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]


def cleaned(text):
    """Without control characters; blanks are blanks; ideographs stand alone."""
    result = []
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) == "Zs":
            result.append(" ")
        elif c == "\ufffd" or unicodedata.category(c).startswith("C"):
            continue
        elif any(first <= ord(c) <= last for first, last in IDEOGRAPHS):
            result.append(" " + c + " ")
        else:
            result.append(c)
    return "".join(result)


def is_punctuation(c):
    signs = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    return c in signs or unicodedata.category(c).startswith("P")


def words(text, cased, specials):
    """The words of a text without special tokens."""
    if not cased:
        text = "".join(c.lower() for c in text)
    for word in unicodedata.normalize("NFC", cleaned(text)).split():
        if word in specials:
            yield word
            continue
        if not cased:
            decomposed = unicodedata.normalize("NFD", word.lower())
            word = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        spaced = "".join(" " + c + " " if is_punctuation(c) else c for c in word)
        yield from spaced.split()


def pieces(word, vocabulary):
    """Greedy, the longest first."""
    found, rest = [], word
    if len(word) > 100:
        return ["[UNK]"]
    while rest:
        prefix = "##" if found else ""
        for end in range(len(rest), 0, -1):
            if prefix + rest[:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        found.append(prefix + rest[:end])
        rest = rest[end:]
    return found


def tokens(text, cased, vocabulary):
    specials = [s for s in SPECIALS if s in vocabulary]
    result = []
    for part in re.split("(" + "|".join(map(re.escape, specials)) + ")", text):
        if part in specials:
            result.append(part)
            continue
        for word in words(part, cased, specials):
            result.extend(pieces(word, vocabulary))
    return result


def encoded(a, b, most):
    """[CLS] a [SEP], or with b: [CLS] a [SEP] b [SEP]; cut longest-first."""
    while len(a) + len(b or []) + (2 if b is None else 3) > most:
        if b is None or len(a) > len(b):
            a = a[:-1]
        else:
            b = b[:-1]
    first = ["[CLS]"] + a + ["[SEP]"]
    return len(first), first + ([] if b is None else b + ["[SEP]"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cased", action="store_true")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--tokens", action="store_true")
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--unicode", action="version", version=unicodedata.unidata_version)
    parser.add_argument("vocabulary")
    options = parser.parse_args()
    with open(options.vocabulary, encoding="utf-8") as file:
        vocabulary = {line.rstrip("\n"): number for number, line in enumerate(file)}

    for line in sys.stdin.buffer.read().split(b"\n")[:-1]:
        texts = [t.decode("utf-8", "replace") for t in (line.split(b"\t") if options.pairs else [line])]
        lists = [tokens(t, options.cased, vocabulary) for t in texts]
        count, result = encoded(lists[0], lists[1] if options.pairs else None, options.most)
        print(f"{count}:", *(result if options.tokens else (vocabulary[t] for t in result)))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
