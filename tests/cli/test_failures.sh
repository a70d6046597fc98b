#!/usr/bin/env bash
# What happens to the results when a run is interrupted, one of its processes is killed, or the disk is full.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=$SOURCE/scenarios/quickstart.yaml

# The first policy has been finished and reaped, another one is running.
second_runs() {
    local now
    now=$(children_of "$1") && [ -n "$now" ] && [ "$now" != "$2" ]
}

nothing_written() {
    check "something was left behind: $(ls -A "$1")" test -z "$(ls -A "$1")"
}

# Of three policies the first is much faster than the others: it has no network.
requests=${REQUESTS:-200000}
cat >slow.yaml <<YAML
name: slow
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 10/s}}
model: {synthetic: {samples: 10}}
hidden: 64
policies: [phone-only, edge-only, cloud-only]
run: {requests: $requests}
output: {trace: {format: csv, every: 100}}
YAML

# ---- Interrupted ----

for signal in INT XCPU; do
    mkdir "parent-$signal"
    start run slow.yaml --jobs 1 --out "parent-$signal/out"
    wait_for 60 has_child "$pid" || fail "no policy was started"
    first=$(children_of "$pid")
    wait_for 300 second_runs "$pid" "$first" || fail "the first policy has not ended"
    kill -s "$signal" "$pid"
    ends $((128 + $(kill -l "$signal")))
    says "interrupted by SIG$signal"
    json "parent-$signal/out/summary.json" interrupted true
    json "parent-$signal/out/summary.json" policies.0.name phone-only
    json "parent-$signal/out/summary.json" policies.0.requests "$requests"
    check "the last policy is not told of" test "$("$JSON_GET" "parent-$signal/out/summary.json" policies.#)" -lt 3
    check "no part is left" test -z "$(find "parent-$signal" -name '*.part' -o -name '*unfinished*')"
    check "its trace is there" test "$(grep -c '^answered,' "parent-$signal/out/trace-phone-only.csv")" -eq $((requests / 100))
    check "all its rows are there" test "$(grep -c '^phone-only,' "parent-$signal/out/requests.csv")" -eq "$requests"
    check "manifest.json is there" "$JSON_GET" "parent-$signal/out/manifest.json"
done
run 0 run slow.yaml --policy phone-only --out whole -q
check "what was kept is what a whole run gives" \
    cmp <(grep '^phone-only,' whole/requests.csv) <(grep '^phone-only,' parent-INT/out/requests.csv)

# Before anything is finished, nothing is written.
mkdir early
start run slow.yaml --set run.requests=5e6 --out early/out
wait_for 60 has_child "$pid" || fail "no policy was started"
kill -s INT "$pid"
ends 130
says "interrupted by SIGINT before any policy was finished; nothing was written"
nothing_written early

# ---- A process is killed ----

mkdir killed
start run slow.yaml --set run.requests=5e6 --policy edge-only --out killed/out
wait_for 60 has_child "$pid" || fail "no policy was started"
read -r child _ <<<"$(children_of "$pid")"
kill -s KILL "$child"
ends 1
says "was killed by signal 9"
says "policy 'edge-only'"
nothing_written killed

# What other policies find is kept, also those that were running or had not begun.
start run slow.yaml --policy edge-only --policy cloud-only --policy phone-only --jobs 2 --out others
wait_for 60 has_child "$pid" || fail "no policy was started"
read -r child _ <<<"$(children_of "$pid")"
kill -s KILL "$child"
ends 1
says "policy 'edge-only' was killed by signal 9"
json others/summary.json policies.# 2
json others/summary.json policies.0.name cloud-only
json others/summary.json policies.1.name phone-only
start run slow.yaml --policy phone-only --policy edge-only --jobs 1 --out partly
wait_for 60 has_child "$pid" || fail "no policy was started"
first=$(children_of "$pid")
wait_for 300 second_runs "$pid" "$first" || fail "the first policy has not ended"
kill -s KILL $(children_of "$pid")
ends 1
says "policy 'edge-only' was killed by signal 9"
says "partly holds the policies that were finished"
json partly/summary.json interrupted true
json partly/summary.json policies.# 1

# The parent is killed: its children end with it.
mkdir orphans
start run slow.yaml --set run.requests=5e6 --policy edge-only --out orphans/out
wait_for 60 has_child "$pid" || fail "no policy was started"
read -r child _ <<<"$(children_of "$pid")"
kill -s KILL "$pid"
wait "$pid" 2>/dev/null
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }
check "the child outlives its parent" wait_for 30 gone "$child"
check "no results folder under its final name" test ! -e orphans/out

# ---- The disk is full ----

mkdir disk
if mount -t tmpfs -o size=256k none disk 2>/dev/null; then
    mkdir disk/parent
    for requests in 5000 240; do # full in a child (rows of requests.csv), and later, when the parent joins them
        run 1 run "$quick" --set run.requests=$requests --set run.warmup=0 --out disk/parent/out
        says "No space left on device"
        nothing_written disk/parent
    done
    run 0 run "$quick" --set run.requests=20 --set run.warmup=0 --out disk/parent/out -q
    check "what fits is written" test -f disk/parent/out/manifest.json
    umount disk
else
    echo "skipped: a full disk (a small tmpfs may not be mounted here)"
fi

# A limit on a file's size, which needs no privilege: 8 blocks of 1024 bytes.
mkdir limited
checks=$((checks + 1))
status=0
(
    trap '' XFSZ
    ulimit -f 8
    "$PORTOLAN" run "$quick" --set run.requests=5000 --out limited/out >stdout 2>stderr
) || status=$?
[ "$status" -eq 1 ] || fail "a limit on the file size: status $status, wanted 1"
nothing_written limited

# The same limit met by a trace alone: the run stops long before its end.
checks=$((checks + 1))
status=0
(
    trap '' XFSZ
    ulimit -f 1024
    "$PORTOLAN" run slow.yaml --set run.requests=1e7 --set output='{requests: none, trace: chrome}' --policy phone-only \
        --out limited/out >stdout 2>stderr
) || status=$?
[ "$status" -eq 1 ] || fail "a limit on a trace's size: status $status, wanted 1"
says "cannot write"
nothing_written limited

# A folder in which nothing may be made.
if [ "$(id -u)" -ne 0 ]; then
    mkdir -m 555 locked
    run 1 run "$quick" --set run.requests=10 --out locked/out
    says "cannot write"
fi
run 1 run "$quick" --set run.requests=10 --set run.warmup=0 --out stdout/out
says "cannot write"

finish
