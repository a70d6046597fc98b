#!/usr/bin/env python3
"""Checks a page of the manual: runs its commands and compares what it says they print.

    manual.py [--rewrite] PAGE.md

PORTOLAN is the command, SOURCE the repository. A page is worked through from top to bottom in a scratch copy of what
the command reads (scenarios/, platforms/, workloads/, model/zoo/), with the command as build/portolan. A fenced block
marked `sh` is run, with standard output a terminal without colours, and must succeed. A comment in front of a block
says what else holds of it:

    <!-- not run: REASON -->          these commands are not run here (hours, real data, a cluster, a network, ...)
    <!-- save: FILE -->               the block is the content of this file
    <!-- output -->                   the block is what the commands before it print; <!-- output | FILTER --> a part
    <!-- output of: COMMANDS -->      the block, or the table, is what these commands print
    <!-- run: COMMANDS -->            commands that no reader needs, which must succeed: they prepare, or check a statement

Blocks of other languages than `sh` are left alone without such a comment; a block without any language needs one.
Links must lead somewhere; files of the repository and options of commands that the text names must exist. --rewrite
puts what the commands print into the page.
"""
import difflib
import glob
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import tty

READ_BY_THE_COMMAND = ["scenarios", "platforms", "workloads", "model/zoo", "docs", "tests/docs", "README.md"]
DIRECTIVE = re.compile(r"(not run|save|output of|run): *(.*)|output( *\|.*)?", re.DOTALL)

IN_THE_REPOSITORY = re.compile(r"(base|platforms|workloads|model|analysis|sim|tests|scenarios|scripts|docs)/[\w./*-]+")


class Page:
    """A page that is being worked through, line by line, and what became of it."""

    def __init__(self, path, source, portolan):
        self.path = path
        self.name = os.path.relpath(path, source)
        self.source = source
        with open(path, encoding="utf-8") as f:
            self.lines = f.read().split("\n")
        self.at = 0  # the line that is read next
        self.result = []  # the lines of the page as it should be
        self.failures = 0
        self.done, self.left = 0, []
        self.printed = ""  # by the last block of commands
        self.scratch = tempfile.mkdtemp(prefix="portolan-manual-")
        self.prepare(portolan)

    def prepare(self, portolan):
        for name in READ_BY_THE_COMMAND:
            here, there = os.path.join(self.source, name), os.path.join(self.scratch, name)
            if os.path.isdir(here):
                shutil.copytree(here, there)
            else:
                shutil.copy(here, there)
        build = os.path.join(self.scratch, "build")
        os.mkdir(build)
        os.symlink(os.path.abspath(portolan), os.path.join(build, "portolan"))
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="dumb", NO_COLOR="1",
                                PATH=build + ":" + os.environ["PATH"])
        self.environment.pop("PORTOLAN_DATA", None)

    def fail(self, line, text):
        self.failures += 1
        print(f"{self.name}:{line}: {text}")

    def run(self, line, commands):
        """What the commands print on a terminal; failing ones are told of."""
        terminal, end = pty.openpty()
        tty.setraw(end)
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            child = subprocess.Popen(["bash", "-euo", "pipefail", "-c", commands], cwd=self.scratch, env=self.environment,
                                     stdin=subprocess.DEVNULL, stdout=end, stderr=errors)
            os.close(end)
            printed = read_all(terminal)
            self.done += 1
            if child.wait() != 0:
                errors.seek(0)
                self.fail(line, f"the commands ended with status {child.returncode}: {commands}\n{printed[-2000:]}{errors.read()[-2000:]}")
        return printed

    def compare(self, line, found, commands, filtered=None):
        """The page's lines, or those that should be there."""
        before = self.failures
        text = self.run(line, commands) if filtered is None else filtered
        if self.failures > before:
            return found
        wanted = text.rstrip("\n").split("\n")
        if found != wanted:
            self.fail(line, "not what is printed now (manual.py --rewrite puts that here):")
            print("\n".join(difflib.unified_diff(found, wanted, "here", "printed now", lineterm="", n=0)))
        return wanted

    def next_line(self):
        line = self.lines[self.at]
        self.at += 1
        return line

    def read_comment(self, line):
        first = self.at
        while "-->" not in line:
            line += "\n" + self.next_line()
        self.result.extend(self.lines[first - 1:self.at])
        return line[4:line.rindex("-->")].strip()

    def read_block(self):
        """The lines up to the closing fence, which is read as well."""
        block = []
        while not self.lines[self.at].startswith("```"):
            block.append(self.next_line())
        self.at += 1
        return block

    def read_table(self):
        table = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("|"):
            table.append(self.next_line())
        return table

    def work(self):
        directive = None
        while self.at < len(self.lines):
            line = self.next_line()
            number = self.at
            if line.startswith("<!--"):
                text = self.read_comment(line)
                match = DIRECTIVE.fullmatch(text)
                if match is None:
                    self.fail(number, f"a comment that says nothing to this check: {text}")
                elif match[1] == "run":
                    self.run(number, match[2])
                else:
                    directive = match
            elif line.startswith("```"):
                block = self.take_block(number, line[3:].strip(), self.read_block(), directive)
                self.result.extend([line] + block + ["```"])
                directive = None
            elif line.startswith("|") and directive is not None:
                self.at -= 1
                self.result.extend(self.compare(number, self.read_table(), directive[2]))
                directive = None
            else:
                if line and directive is not None:
                    self.fail(number, "the comment above is not followed by a block or table")
                    directive = None
                self.result.append(line)

    def take_block(self, line, language, block, directive):
        kind = directive and (directive[1] or "output")
        if kind == "not run":
            self.left.append(f"{self.name}:{line}: {directive[2]}")
        elif kind == "save":
            path = os.path.join(self.scratch, directive[2])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(block) + "\n")
        elif kind == "output of":
            return self.compare(line, block, directive[2])
        elif kind == "output":
            return self.compare(line, block, None, self.filtered(line, directive[3]))
        elif language == "sh":
            self.printed = self.run(line, "\n".join(block))
        elif not language:
            self.fail(line, "a block without a language, of which no comment says what it is")
        return block

    def filtered(self, line, how):
        if not how:
            return self.printed
        with open(os.path.join(self.scratch, "printed"), "w", encoding="utf-8") as f:
            f.write(self.printed)
        return self.run(line, "cat printed " + how)

    def check_names(self):
        """What the text names exists: files (or their beginning), `--option`, `portolan COMMAND --option`."""
        options = None
        for number, line in enumerate(self.lines, 1):
            for code in re.findall(r"`([^`]+)`", line):
                for word in code.split():
                    if IN_THE_REPOSITORY.fullmatch(word) and "NAME" not in word and not any(
                            glob.glob(os.path.join(root, word + "*")) for root in (self.source, self.scratch)):
                        self.fail(number, f"there is no {word}")
                if re.match(r"--[a-z]|portolan ", code):
                    options = options or self.known_options()
                    for option in re.findall(r"(?<!\S)--[a-z-]+", code):
                        if option not in options:
                            self.fail(number, f"no command has an option {option}")

    def known_options(self):
        """The long options of all commands."""
        return set(re.findall(r"--[a-z-]+", self.run(0, "portolan --help; for command in "
                              "$(portolan --help | awk '/^  [a-z]/ { print $1 }'); do portolan $command --help; done")))

    def check_links(self):
        """Links within the repository lead to files, and to headings in them."""
        text = re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), "\n".join(self.lines), flags=re.DOTALL)
        for match in re.finditer(r"\]\(([^)\s]+)\)", text):
            target, _, heading = match[1].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(self.path), target)) if target else self.path
            line = text.count("\n", 0, match.start()) + 1
            if not os.path.exists(path):
                self.fail(line, f"the link leads nowhere: {match[1]}")
            elif heading and heading not in anchors(path):
                self.fail(line, f"there is no heading #{heading} in {os.path.relpath(path, self.source)}")


def read_all(terminal):
    """What is written to a terminal until nobody has it open any more."""
    pieces = []
    try:
        while piece := os.read(terminal, 1 << 16):
            pieces.append(piece)
    except OSError:  # how Linux tells the end
        pass
    os.close(terminal)
    return b"".join(pieces).decode("utf-8", "replace")


def anchors(path):
    """GitHub's names of a page's headings."""
    with open(path, encoding="utf-8") as f:
        headings = re.findall(r"^#+ (.*)$", f.read(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--rewrite"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    page = Page(os.path.abspath(arguments[0]), os.environ["SOURCE"], os.environ["PORTOLAN"])
    try:
        page.work()
        page.check_links()
        page.check_names()
    finally:
        shutil.rmtree(page.scratch)
    if "--rewrite" in sys.argv and page.result != page.lines:
        with open(page.path, "w", encoding="utf-8") as f:
            f.write("\n".join(page.result))
        print(f"{page.name}: rewritten")
    for left in page.left:
        print(f"not run, {left}")
    print(f"{page.name}: {page.done} command blocks run, {len(page.left)} not run, {page.failures} failures")
    sys.exit(page.failures > 0)


if __name__ == "__main__":
    main()
