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
static bool check(const void *options, char why[POLICY_WHY]) {
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
