#!/usr/bin/env bash
# Policies from outside: the example of a plug-in is built against an installed tree and decides as the built-in that it
# repeats; what is wrong with a plug-in or its options is told with its place.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${BUILD:?}" "${CMAKE:?}"
if ! command -v gcc >/dev/null || ! command -v pkg-config >/dev/null; then
    echo "skipped: gcc and pkg-config are needed"
    exit 77
fi

# ---- The example, outside the tree ----

"$CMAKE" --install "$BUILD" --prefix "$work/installed" >stdout 2>stderr || fail "cmake --install"
share=$work/installed/share/portolan
PORTOLAN=$work/installed/bin/portolan
PKG_CONFIG_PATH=$(find "$work/installed" -name pkgconfig)
export PKG_CONFIG_PATH
example=$share/examples/policies
(cd "$example" && "$CMAKE" -B build && "$CMAKE" --build build) >stdout 2>stderr || fail "the example's own build"
run 0 check "$example/bandits.yaml"
run 0 run "$example/bandits.yaml" --set run.requests=20000 --out bandits -q

# rows POLICY: its requests, without its name.
rows() {
    sed -n "s/^$1,//p" bandits/requests.csv
}
check "the built-in has rows" test "$(rows adaee | wc -l)" -eq 20000
check "the plug-in decides as the built-in" cmp <(rows adaee) <(rows bandit)
check "some of them were sent up" test "$(rows bandit | grep -c cloud)" -gt 100
json bandits/summary.json policies.1.policy bandit
json bandits/manifest.json inputs.2.role bandit
json bandits/manifest.json inputs.2.sha256 "$(sha256sum "$example/build/bandit.so" | cut -d' ' -f1)"

# The scenario of the manifest can be run from anywhere.
"$JSON_GET" bandits/manifest.json scenario >again.yaml
run 0 run again.yaml --set run.requests=2000 --out again -q

# ---- A program with a policy of its own ----

if ! grep -q 'PORTOLAN_SANITIZE:BOOL=ON' "$BUILD/CMakeCache.txt"; then # instrumented libraries want the sanitizers' flags
    (cd "$share/examples/program" && "$CMAKE" -B build && "$CMAKE" --build build) >stdout 2>stderr || fail "the program's build"
    program=$share/examples/program/build/program
    "$program" "$share/scenarios/quickstart.yaml" programs >stdout 2>stderr || fail "the program"
    check "it prints two policies" test "$(grep -cE '^(cloud-only|turns) 0\.[0-9]{4} [0-9.]+ s$' stdout)" -eq 2
    json programs/summary.json policies.1.policy turns
    share_phone=$("$JSON_GET" programs/summary.json policies.1.share_phone)
    check "half of the requests stay" test "${share_phone:0:3}" = 0.5 -o "${share_phone:0:4}" = 0.49
    last=$(($("$JSON_GET" programs/manifest.json 'inputs.#') - 1))
    json programs/manifest.json "inputs.$last.role" turns
    json programs/manifest.json "inputs.$last.path" "$program"
    json programs/manifest.json "inputs.$last.sha256" "$(sha256sum "$program" | cut -d' ' -f1)"
    "$program" "$share/scenarios/none.yaml" never >stdout 2>stderr && fail "status 0"
    says "No such file"
fi

# ---- One by itself ----

flags=$(pkg-config --cflags portolan)
# plugin NAME: compiles standard input; the policy is POLICY, unless portolan_policy is there.
plugin() {
    # shellcheck disable=SC2086  # flags are words
    gcc -std=c17 -shared -fPIC $flags -x c - -o "$1" 2>stderr || fail "$1 is not compiled"
}
plugin cut.so <<'C'
#include <stdio.h>
#include <stdlib.h>
#include "sim/policies/policy.h"
typedef struct cut { double at, to; } cut;
static const policy_option OPTIONS[] = {
    {"at", OPTION_NUMBER, 0, .doc = "where", .fallback = "0.5", .most = 1},
    {"to", OPTION_NUMBER, 8, .doc = "where to", .fallback = "1"}, {0}};
static bool check(const void *options, unsigned *needs, char why[POLICY_WHY]) {
    if (((const cut *)options)->to == 13) abort();
    if (((const cut *)options)->to == 14) exit(0);
    return ((const cut *)options)->at <= ((const cut *)options)->to || (snprintf(why, POLICY_WHY, "at is above to"), 0);
}
static verdict route(void *self, const observation *seen) {
    return policy_send(seen->tokens > 20 * ((cut *)self)->at ? TIER_CLOUD : TIER_PHONE);
}
static const policy_type CUT = {POLICY_ABI, "cut", .options = OPTIONS, .size = sizeof(cut), .check = check, .route = route};
const policy_type *portolan_policy(void) { return &CUT; }
C
# scenario POLICIES: writes s.yaml, whose policies stand in line 6.
scenario() {
    cat >s.yaml <<YAML
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 1/s}}
model: {synthetic: {samples: 50}}
hidden: 64
run: {requests: 100}
policies: [$1]
YAML
}
# refused PLACE TEXT: by check and by run.
refused() {
    run 2 check s.yaml
    says "portolan: $1"
    says "$2"
    run 2 run s.yaml --out never -q
    says "$2"
    check "nothing is written" test ! -e never
}
scenario '{plugin: cut.so}, {plugin: cut.so, at: 0.9}, {plugin: cut.so, as: low, at: 0.1}, matched-random: {match: low}'
run 0 check s.yaml
run 0 run s.yaml --out cuts -q
json cuts/summary.json policies.0.name 'cut()'
json cuts/summary.json policies.1.name 'cut(at=0.9)'
json cuts/summary.json policies.2.name low
run 0 run s.yaml --policy low --set policies.low.at=0.2 --out one -q
json one/summary.json 'policies.#' 1
run 0 run s.yaml --policy cut --out two -q
json two/summary.json 'policies.#' 3
cat >sweep.yaml <<YAML
scenario: s.yaml
axes: {policies.low.at: [0.1, 0.2], policies.0.at: [0.3, 0.5]}
seeds: 2
YAML
run 0 check sweep.yaml
run 0 sweep sweep.yaml --out sweep -q
check "every point has its results" test "$(sed 1d sweep/points.csv | grep -c ,done,)" -eq 32

# ---- One that fails alone ----

plugin wild.so <<'C'
#include <stdlib.h>
#include <signal.h>
#include "sim/policies/policy.h"
static const char *const WAYS[] = {"abort", "crash", "leave", "nowhere", "down", NULL};
static const policy_option OPTIONS[] = {
    {"way", OPTION_CHOICE, 0, .doc = "how", .fallback = "abort", .choices = WAYS}, {0}};
static verdict route(void *self, const observation *seen) {
    int way = *(int *)self;
    if (seen->request < 50 || way > 3) return policy_send(TIER_EDGE);
    if (way == 0) abort();
    if (way == 1) raise(SIGSEGV);
    if (way == 2) exit(0);
    return policy_send((tier)7);
}
static verdict after_exit(void *self, const observation *seen) {
    return *(int *)self == 4 ? policy_send(TIER_PHONE) : (verdict){VERDICT_ANSWER};
}
static const policy_type WILD = {POLICY_ABI, "wild", .options = OPTIONS, .size = 4, .route = route, .after_exit = after_exit};
const policy_type *portolan_policy(void) { return &WILD; }
C
# alone WAY TEXT: the policy fails with TEXT, and the results of the others are written, whatever their place in the list.
alone() {
    scenario "edge-only, {plugin: wild.so, way: $1}, matched-random: {match: wild}, cloud-only, {confidence: {threshold: 0.5}}"
    run 1 run s.yaml --jobs 2 --out "alone-$1" -q
    says "$2"
    says "policy 'matched-random' was not run, since 'wild', which it follows, has failed"
    says "alone-$1 holds the policies that were finished"
    json "alone-$1/summary.json" interrupted true
    json "alone-$1/summary.json" 'policies.#' 3
    for i in 0 1 2; do json "alone-$1/summary.json" policies.$i.answered 100; done
    check "rows of all but wild" test "$(cut -d, -f1 "alone-$1/requests.csv" | sort -u | wc -l)" -eq 4
}
alone abort "policy 'wild': aborted: "
# (A build with AddressSanitizer would report the signal in its own way.)
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:handle_segv=0"
alone crash "the process of policy 'wild' was killed by signal 11"
alone leave "the process of policy 'wild' ended before its run did"
alone nowhere "the policy 'wild' has decided what it may not, on request 50: there is no such tier"
alone down "the policy 'wild' has decided what it may not, on request 0: after an exit a request goes to a higher tier"

# So in a sweep: whichever place it has in the list, and whichever process it runs in.
for list in 'edge-only, {plugin: wild.so}, cloud-only' 'edge-only, cloud-only, {plugin: wild.so}'; do
    scenario "$list"
    printf 'scenario: s.yaml\naxes: {policies.wild.way: [abort, leave, down]}\nseeds: 2\n' >wild.yaml
    sed -i 's/wild.so/&, as: wild/' s.yaml
    rm -rf wild
    run 1 sweep wild.yaml --out wild -q
    "$PORTOLAN" sweep --export csv --out wild >points.csv
    check "the points failed" test "$(sed 1d points.csv | grep -c ,failed,)" -eq 12 # a row for each of the two others
    check "the others' results are there" test "$(grep -c 'edge-only,' points.csv)" -eq 6
    check "the others' results are there" test "$(grep -c 'cloud-only,' points.csv)" -eq 6
    check "and in the statistics" test "$(grep -c 'edge-only\|cloud-only' wild/statistics.csv)" -gt 0
    check "why is told" grep -q "policy 'wild': aborted: " points.csv
    check "why is told" grep -q "the process of policy 'wild' ended before its run did" points.csv
    run 1 sweep wild.yaml --resume --out wild -q
    check "none is there twice" test "$("$PORTOLAN" sweep --export csv --out wild | grep -c edge-only,)" -eq 6
done

# ---- In Python ----

host=$(find "$work/installed" -name portolan_python.so)
python_has_numpy() {
    printf 'import numpy\nclass Policy:\n  def __init__(self, o): pass\n  def route(self, seen): pass\n' >numpy_is_there.py
    "$PORTOLAN" check s.yaml --quiet 2>/dev/null
}
scenario '{python: numpy_is_there.py}'
if [ -z "$host" ]; then
    refused s.yaml:6: "policies in python are run by portolan_python.so, which is neither in "
    echo "skipped: policies in Python (python3-dev was not there when Portolan was built)"
elif ! python_has_numpy; then
    echo "skipped: policies in Python (python3-numpy is not installed)"
else
    sed '/bandit.py/d; s#plugin: build/bandit.so#python: bandit.py#' "$example/bandits.yaml" >"$example/python.yaml"
    rm -rf bandits
    run 0 run "$example/python.yaml" --set run.requests=20000 --out bandits -q
    check "the policy in Python decides as the built-in" cmp <(rows adaee) <(rows bandit)
    check "some were sent up" test "$(rows bandit | grep -c cloud)" -gt 100
    json bandits/summary.json policies.1.name bandit
    json bandits/manifest.json inputs.3.sha256 "$(sha256sum "$example/bandit.py" | cut -d' ' -f1)"

    # All that it can look at, say and be told; the class asserts.
    cat >helper.py <<'PY'
LEAST = 0
PY
    cat >p.py <<'PY'
import math, portolan, helper
class Policy:
    needs = {"load", "every_exit", "probabilities"}
    kept = None
    def __init__(self, options):
        assert options == {"cut": 0.9, "word": "a b", "list": [1, 2], "flag": True}, options
        self.cut = options["cut"]
    def route(self, seen):
        assert seen.at == "phone" and seen.exits == () and seen.v is None and seen.tokens > helper.LEAST
        assert seen.depth == {"phone": 3, "edge": 6, "cloud": 12} and seen.tier_cost["phone"] == 0.25
        assert seen.load["phone"].age == 0 and seen.load["phone"].cores >= 1 and math.isinf(seen.load["edge"].age)
        assert seen.device.rate_up > 0 and math.isnan(seen.device.battery) and 0 <= seen.uniform() < 1
        assert seen.now >= 0 and seen.note == 0
        if self.kept:
            try:
                self.kept.exits
                assert False
            except RuntimeError as e:
                assert "during the call" in str(e)
        self.kept = seen
        seen.note = 2 ** 63 + seen.request
        return portolan.send("phone")
    def after_exit(self, seen):
        e = seen.exits[-1]
        assert e.layer == len(seen.exits) and e.at == seen.at and seen.note == 2 ** 63 + seen.request
        assert e.probabilities.dtype == "float64" and len(e.probabilities) == e.classes
        assert abs(e.probabilities.sum() - 1) < 1e-6 and e.confidence == e.probabilities.max()
        if e.confidence >= self.cut: return "answer"
        if e.layer < seen.depth[seen.at]: return "continue"
        return portolan.send("cloud", hidden=True) if seen.at == "phone" else "answer"
    def feedback(self, f):
        assert not f.failed and f.latency > 0 and f.note == 2 ** 63 + f.request and len(f.exits) >= 1
        print("told", f.agreed, f.joules, f.cost)
PY
    options='cut: 0.9, word: a b, list: [1, 2], flag: yes'
    scenario "{python: p.py, $options}, {python: p.py, as: one, scope: fleet, $options}, confidence: {threshold: 0.9, exits: all, escalate: hidden}"
    run 0 check s.yaml
    run 0 run s.yaml --out seen
    check "what is printed goes to standard error" test "$(grep -o told stderr | wc -l)" -eq 200
    check "nothing else is printed there" test "$(grep -c ^told stdout)" -eq 0
    json seen/summary.json policies.0.name p
    json seen/summary.json policies.1.name one
    check "it sent some up" grep -q '^one,.*,cloud,' seen/requests.csv
    check "no .pyc file is left" test ! -e __pycache__
    run 0 run s.yaml --policy p --out named -q
    json named/summary.json 'policies.#' 2

    # wrong TEXT: the file p.py, which is standard input, is refused at its place.
    wrong() {
        cat >p.py
        scenario '{python: p.py, x: 1}'
        refused s.yaml:6: "$1"
    }
    wrong "SyntaxError: " <<<'class Policy('
    wrong "p.py defines no \`class Policy\`" <<<'x = 1'
    wrong "ZeroDivisionError: division by zero (p.py:1 in <module>)" <<<'1 / 0'
    wrong "ModuleNotFoundError: No module named 'nowhere' (p.py:1 in <module>)" <<<'import nowhere'
    wrong "has no attribute 'route'" <<<$'class Policy:\n  def __init__(self, o): pass'
    route=$'\n  def route(self, seen): return "edge"'
    wrong "ValueError: x is 1 (p.py:2 in __init__, p.py:4 in check)" \
        <<<$'class Policy:\n  def __init__(self, o): self.check(o)\n  def check(self, o):\n    raise ValueError(f"x is {o[\'x\']}")'"$route"
    wrong "needs has 'labels'; known are 'load'" <<<$'class Policy:\n  needs = ["labels"]\n  def __init__(self, o): pass'"$route"
    wrong "'int' object is not iterable" <<<$'class Policy:\n  needs = 3\n  def __init__(self, o): pass'"$route"
    printf 'class Policy:\n  def __init__(self, o): pass\n  def route(self, seen): return "edge"\n' >p.py
    scenario '{python: p.py, scope: cell}'
    refused s.yaml:6: "'p' has no feedback, so there is no 'scope' of what it learned"
    scenario '{python: none.py}'
    refused s.yaml:6:21: "No such file"
    printf 'import os\nos.abort()\n' >p.py
    scenario '{python: p.py}'
    run 1 check s.yaml
    says "the plug-in 'python' "

    # ends_alone TEXT: p.py, which is standard input, fails in its run with TEXT; the other policy's results are written.
    ends_alone() {
        cat >p.py
        rm -rf ended
        scenario "edge-only, {python: p.py}"
        run 1 run s.yaml --out ended -q
        says "$1"
        json ended/summary.json 'policies.#' 1
        json ended/summary.json policies.0.answered 100
    }
    class=$'import os, portolan\nclass Policy:\n  def __init__(self, o): pass\n  def route(self, seen):\n'
    ends_alone "the policy 'p' has failed: KeyError: 'a' (p.py:6 in route)" <<<"$class"$'    if seen.request < 9: return "edge"\n    {}["a"]'
    ends_alone "route returned 'moon'; it returns 'phone', 'edge', 'cloud' or portolan.send(...)" <<<"$class"$'    return "moon"'
    ends_alone "route returned None" <<<"$class"$'    pass'
    ends_alone "there is no tier 'moon'" <<<"$class"$'    return portolan.send("moon")'
    ends_alone "on request 0: a phone reaches one site only" <<<"$class"$'    return portolan.send("edge", site=3)'
    ends_alone "SystemExit: 0" <<<"$class"$'    raise SystemExit(0)'
    ends_alone "ended before its run did" <<<"$class"$'    os._exit(0)'
    ends_alone "policy 'p'" <<<"$class"$'    os.abort() if seen.request > 50 else 0\n    return "edge"'
    ends_alone "after_exit returned 'up'; it returns 'phone', 'edge', 'cloud', 'answer', 'continue'" \
        <<<"$class"$'    return "edge"\n  def after_exit(self, seen): return "up"'
    ends_alone "RuntimeError: no (p.py:6 in feedback)" \
        <<<"$class"$'    return "edge"\n  def feedback(self, f): raise RuntimeError("no")'

    # In a sweep, and without what runs it.
    printf 'class Policy:\n  def __init__(self, o): self.cut = o["cut"]\n' >p.py
    printf '  def route(self, seen): return "edge" if seen.tokens > self.cut else "phone"\n' >>p.py
    scenario '{python: p.py, as: mine, cut: 10}, edge-only'
    printf 'scenario: s.yaml\naxes: {policies.mine.cut: [5, 10, 15, 20]}\n' >sweep.yaml
    run 0 sweep sweep.yaml --out cuts-in-python -q
    mv "$host" "$host.away"
    refused s.yaml:6:21: "it is built where Debian's python3-dev is installed"
    export PORTOLAN_PLUGINS=$work/elsewhere
    mkdir elsewhere
    mv "$host.away" elsewhere/portolan_python.so
    run 0 check s.yaml
    unset PORTOLAN_PLUGINS
fi

# ---- What is wrong with options ----

scenario '{plugin: cut.so, att: 0.3}'
refused s.yaml:6:29: "cut has no key 'att', did you mean 'at'?; allowed are plugin, as, at, to"
scenario '{plugin: cut.so, at: 2}'
refused s.yaml:6:33: "'at' is 2; it must be at least 0 and at most 1"
scenario '{plugin: cut.so, at: 0.3, to: 0.1}'
refused s.yaml:6:12: "at is above to"
scenario '{plugin: [cut.so]}'
refused s.yaml:6:21: "plugin must be a single value"
scenario '{plugin: cut.so, as: a/b}'
refused s.yaml:6:33: "a name has 1 to 63 letters"
for to in 13 14; do
    scenario "{plugin: cut.so, to: $to}"
    run 1 check s.yaml
    says "the plug-in 'cut' "
done
says "ended the process that checked its options"

# ---- What is wrong with a plug-in ----

scenario '{plugin: none.so}'
refused s.yaml:6:21: "No such file"
mkdir folder
scenario '{plugin: folder}'
refused s.yaml:6:21: "folder: is not a regular file but a folder; a plug-in is wanted"
scenario '{plugin: s.yaml}'
refused s.yaml:6:21: "the plug-in cannot be loaded: "
echo 'int nothing;' | plugin bad.so
scenario '{plugin: bad.so}'
refused s.yaml:6:21: "does not define portolan_policy()"
rm bad.so
bad() {
    { printf '#include "sim/policies/policy.h"\nextern int missing(void);\n'
      printf 'static verdict route(void *self, const observation *seen) { return policy_send(TIER_EDGE); }\n'
      printf 'static verdict knowing(void *self, const observation *seen, const truth *t) { return policy_send(TIER_EDGE); }\n'
      printf 'static const policy_type BAD = {%s};\nconst policy_type *portolan_policy(void) { return %s; }\n' "$1" "${2:-&BAD}"
    } | plugin bad.so
    refused s.yaml:6:21: "$3"
    rm bad.so
}
bad 'POLICY_ABI, "bad", .route = route' NULL "cannot be used: there is none (NULL)"
bad 'POLICY_ABI, "bad", .route = route' 'missing() ? 0 : &BAD' "undefined symbol: missing"
bad 'POLICY_ABI + 1, "bad", .route = route' '' "it was built for version 2 of policy.h's interface, this is version 1"
bad 'POLICY_ABI, "confidence", .route = route' '' "is called 'confidence', as one of Portolan's is"
bad 'POLICY_ABI, "bad", .route_knowing = knowing' '' "is an oracle"
bad 'POLICY_ABI, .route = route' '' "it has no name"
finish
