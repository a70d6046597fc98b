#!/usr/bin/env python3
"""What the folders promise, checked: structure.py SOURCE BUILD.

  - No file includes one of a folder above its own: base < platforms, workloads < model < analysis < sim.
  - Into another folder a file looks by that folder's headers for neighbours alone. base/ is exempt: a header a subject.
  - SimGrid's headers are included only by the files that are the world.
  - What a top folder divides into sub-folders stands in one of them; beside them is its header for users alone.
  - docs/tour.md names every folder.
  - What an installed header includes is installed too.
  - A source file that a comment names is there: comments follow when files move.
  - What pictures look like stands in .gp files: no C file of analysis/ holds commands of gnuplot.
  - A function takes at most six parameters; so does a pointer to one. The kernels may have more, and what others have laid down.
  - No two files need each other, directly or by way of others. A file needs another whose functions or tables it uses, read
    from the object files. The table of policies is what the loader walks over, so policies do not count as its needs.

Prints what is wrong, a line each, with status 1; else what was looked at."""
import glob
import os
import re
import subprocess
import sys

# What each folder may include, besides itself.
BELOW = {
    "base": [],
    "platforms": ["base"],
    "workloads": ["base"],
    "model": ["base", "workloads"],
    "analysis": ["base", "workloads", "model"],
    "sim": ["base", "platforms", "workloads", "model", "analysis"],
}
WORLD = {"platforms/simgrid_world.h", "platforms/simgrid_world.cpp", "sim/engine/world.h", "sim/engine/world.cpp"}

# The headers that other folders may include. Of a folder whose files stand in a table there are two: what a file of it is
# written against, and what is done with all of them.
DOORS = {
    "platforms": {"platforms.h", "service.h", "simgrid_world.h"},  # for users, for the engine, for its world
    "workloads": {"workloads.h"},
    "model": {"model.h"},
    "model/encoder": {"encoder.h"},
    "model/latency": {"latency.h"},
    "model/training": set(),
    "analysis": {"analysis.h"},
    "analysis/cartography": {"cartography.h"},
    "analysis/statistics": {"statistics.h"},
    "analysis/report": {"report.h"},
    "analysis/service": {"service.h"},
    "sim": {"sim.h"},
    "sim/scenario": {"training_setup.h"},
    "sim/engine": {"engine.h"},
    "sim/policies": {"policy.h", "policies.h"},
    "sim/disciplines": {"discipline.h"},
    "sim/disturbances": {"disturbance.h"},
    "sim/observers": {"observer.h", "observers.h"},
    "sim/results": {"results.h"},
    "sim/sweep": {"sweep.h"},
    "sim/tuning": {"tuning.h"},
    "sim/commands": set(),
}
# Top folders that are divided, with the one source that stands beside their sub-folders.
DIVIDED = {"model": "model.h", "analysis": "analysis.h", "sim": "sim.h"}
FOREIGN = {"complex.h", "common_x86_64.h", "common_arm64.h"}  # other projects' files that comments name


def sources(root, folders=BELOW):
    for folder in folders:
        for path, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".cpp")):
                    yield os.path.relpath(os.path.join(path, name), root)


def check_includes(root):
    """What is wrong with the includes."""
    known = set(sources(root))
    for path in sorted(known):
        folder = path.split("/")[0]
        with open(os.path.join(root, path), encoding="utf-8") as file:
            names = re.findall(r'^#include (["<])([^">]+)', file.read(), re.M)
        for quote, name in names:
            if name.startswith(("simgrid/", "xbt/")) and path not in WORLD:
                yield f"{path} includes SimGrid's {name}; only {', '.join(sorted(WORLD))} may"
            there, header = os.path.split(name)
            if quote == '"' and name in known and there not in ("base", os.path.dirname(path)) \
                    and header not in DOORS.get(there, set()):
                allowed = ", ".join(sorted(DOORS.get(there, set()))) or "none"
                yield f"{path} includes {name}; headers of {there} for neighbours: {allowed}"
            above = quote == '"' and "/" in name and name.split("/")[0] in BELOW and name.split("/")[0]
            if above and above != folder and above not in BELOW[folder]:
                yield f"{path} includes {name}, which is above it"


def check_places(root):
    """Files that stand beside the sub-folders instead of in one."""
    for folder, header in DIVIDED.items():
        for entry in sorted(os.scandir(os.path.join(root, folder)), key=lambda e: e.name):
            if entry.is_file() and entry.name not in (header, "CMakeLists.txt"):
                yield f"{folder}/{entry.name} belongs in one of the sub-folders of {folder}/"


def check_comments(root):
    """Names of source files in comments that are no file's. NAME stands for any."""
    known = set(sources(root))
    known |= {os.path.basename(path) for path in known} | FOREIGN
    for path in sorted(sources(root)):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            comments = re.findall(r"/\*.*?\*/", file.read(), re.S)
        for name in re.findall(r"[\w/.-]*\w\.(?:cpp|c|h)\b(?!\.?\w)", " ".join(comments)):
            if "NAME" not in name and name not in known and not any(p.endswith("/" + name) for p in known) \
                    and not os.path.exists(os.path.join(root, name)):
                yield f"a comment of {path} names {name}, which is not there"


def check_gnuplot(root):
    """Commands of gnuplot in texts of C."""
    for path in sorted(p for p in sources(root) if p.startswith("analysis/")):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if re.search(r'"(?:[^"]*(?:\\n|; ))?(?:set|unset|plot|do for) ', line):
                    yield f"{path}:{number} holds commands of gnuplot, which belong in a .gp file"


def check_tour(root):
    """Folders of sources that the tour leaves out."""
    with open(os.path.join(root, "docs/tour.md"), encoding="utf-8") as file:
        tour = file.read()
    for folder in sorted({os.path.dirname(path) for path in sources(root)}):
        if f"`{folder}/`" not in tour:
            yield f"docs/tour.md does not name {folder}/"


def check_installed(root):
    """Headers that an installed one needs and that are not installed."""
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as file:
        listed = re.search(r"foreach\(header ([^)]*)\)", file.read())
    installed = set(listed.group(1).split()) if listed else set()
    if not installed:
        yield "CMakeLists.txt lists no headers to be installed"
    for path in sorted(installed):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for name in re.findall(r'^#include "([^"]+)"', file.read(), re.M):
                needed = name if "/" in name else os.path.join(os.path.dirname(path), name)
                if needed not in installed:
                    yield f"{path} is installed and includes {needed}, which is not"


MOST_PARAMETERS = 6
MANY_ALLOWED = {"__libc_start_main", "dgelsy"}  # laid down by the C library and by LAPACK
KERNELS = ("model/encoder/kernels", "tests/bench/model/bench_encoder.c")  # and what stands in for them


def blanked(match):
    return re.sub(r"[^\n]", " ", match.group())


def declarations(text):
    """(line, name, number of parameters) of functions and pointers to them, defined or declared, outside of bodies."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", blanked, text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blanked, text, flags=re.M)
    bodies, start = [], 0  # for each open brace whether it is one of code or of values; behind the last of ; { }
    for token in re.finditer(r"[{};]|(\b\w+(?=\s*\((?!\s*\*))|\(\s*\*[^()]*\))\s*\(", text):
        if token.group() == "{":
            head = text[start:token.start()]
            bodies.append("(" in head or "=" in head or not re.search(r"\b(struct|union|class|namespace|extern)\b", head))
        elif token.group() == "}":
            bodies.pop()
        elif token.group(1) and not any(bodies) and token.group(1) != "__attribute__":
            inside, depth, commas = text[token.end():], 1, 0
            for length, letter in enumerate(inside):
                depth += (letter in "([") - (letter in ")]")
                commas += letter == "," and depth == 1
                if not depth:
                    break
            count = commas + 1 if inside[:length].strip() not in ("", "void") else 0
            yield text.count("\n", 0, token.start()) + 1, re.sub(r"\W", "", token.group(1)), count
        if not token.group(1):
            start = token.end()


def check_parameters(root):
    """Functions that take too many."""
    for path in sorted([*sources(root), *sources(root, ["tests"])]):
        if path.startswith(KERNELS):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for line, name, count in declarations(file.read()):
                if count > MOST_PARAMETERS and name not in MANY_ALLOWED:
                    yield f"{path}:{line}: {name} has {count} parameters, not {MOST_PARAMETERS}: what belongs together is a struct"


def symbols(paths, option):
    """[(path, symbol)] of all object files at once: a process for each would take a minute where others are busy."""
    lines = subprocess.run(["nm", "-A", "-g", option, *paths], check=True, capture_output=True, text=True).stdout.splitlines()
    return [(line.split(":", 1)[0], line.split()[-1]) for line in lines]


def needs_of(root, build):
    """{file: {other file: a symbol of it}}"""
    objects = {}
    for folder in BELOW:
        base = os.path.join(build, "CMakeFiles", f"portolan_{folder}.dir", folder)
        for path in glob.glob(f"{base}/**/*.o", recursive=True):
            name = folder + "/" + os.path.relpath(path, base)[:-2]
            if os.path.exists(os.path.join(root, name)):  # else left over from an earlier build
                objects[name] = path
    if not objects:
        return {}
    named = {path: name for name, path in objects.items()}
    owner = {symbol: named[path] for path, symbol in symbols(named, "--defined-only")}
    graph = {name: {} for name in objects}
    for path, symbol in symbols(named, "--undefined-only"):
        name = named[path]
        if owner.get(symbol, name) != name and not symbol.startswith("POLICY_"):
            graph[name][owner[symbol]] = symbol
    return graph


def find_circle(graph):
    """Files, each of which needs the next, and the last the first; or None."""
    done = set()

    def walk(at, way):
        if at in way:
            return way[way.index(at):]
        if at in done:
            return None
        for to in sorted(graph[at]):
            circle = walk(to, way + [at])
            if circle:
                return circle
        done.add(at)
        return None

    return next(filter(None, (walk(start, []) for start in sorted(graph))), None)


def main(root, build):
    checks = (check_includes, check_places, check_comments, check_gnuplot, check_tour, check_installed,
              check_parameters)
    wrong = [fault for check in checks for fault in check(root)]
    graph = needs_of(root, build)
    if not graph:
        wrong.append(f"{build}: no object files were found")
    circle = find_circle(graph)
    if circle:
        steps = zip(circle, circle[1:] + circle[:1])
        wrong.append("a circle: " + ", ".join(f"{a} needs {graph[a][b]} of {b}" for a, b in steps))
    right = f"{len(graph)} files: each in its place, no include of a folder above nor of another's own headers, no circle"
    print("\n".join(wrong) if wrong else right)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
