#!/usr/bin/env bash
# A sweep and its children are killed at random moments, and resumed until it is complete: the table must be that of an
# undisturbed sweep, byte for byte. KILLS says how often (default 8); RANDOM_SEED repeats a course of events.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kills=${KILLS:-8}
RANDOM=${RANDOM_SEED:-1}

cat >scenario.yaml <<YAML
name: kills
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 5/s}}
model: {synthetic: {samples: 200}}
policies: [phone-only, confidence, {matched-random: {match: confidence}}]
run: {requests: 100}
YAML
cat >sweep.yaml <<YAML
name: kills
scenario: scenario.yaml
axes:
  policies.confidence.threshold: {from: 0.5, to: 0.99, steps: 40}
seeds: 3
YAML

# Processes below a process, itself included.
family() {
    local child
    echo "$1"
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do family "$child"; done
}

run 0 sweep sweep.yaml --out whole -q --jobs 2
"$PORTOLAN" sweep --export csv --out whole >whole.csv
check "the export has a line a policy and point, and a header" test "$(wc -l <whole.csv)" -eq 361

# kill_one PID: a random one of the family, parent or child.
kill_one() {
    local all
    mapfile -t all < <(family "$1")
    [ $((RANDOM % 2)) -eq 0 ] || all=("$1")
    kill -s KILL "${all[RANDOM % ${#all[@]}]}" 2>/dev/null
}

one_row_a_point() {
    local rows
    rows=$("$PORTOLAN" sweep --export csv --out "$1" | cut -d, -f1,5 | sort | uniq -d)
    [ -z "$rows" ]
}

complete=0
folder=0
for ((i = 0; i < kills; i++)); do
    context="kill $i in folder $folder"
    "$PORTOLAN" sweep sweep.yaml --out "cut$folder" -q --jobs 2 --resume >stdout 2>stderr </dev/null &
    pid=$!
    sleep "0.$(printf '%03d' $((20 + RANDOM % 500)))"
    kill_one "$pid"
    status=0
    wait "$pid" 2>/dev/null || status=$?
    case $status in 0 | 1 | 137) ;; *) fail "status $status" ;; esac
    [ -f "cut$folder/sweep.sqlite" ] && check "a point has two rows" one_row_a_point "cut$folder"
    [ "$status" -eq 0 ] || continue
    complete=$((complete + 1))
    check "the table differs after kills" cmp <("$PORTOLAN" sweep --export csv --out "cut$folder") whole.csv
    folder=$((folder + 1))
done
run 0 sweep sweep.yaml --out "cut$folder" -q --resume
check "the table differs after kills" cmp <("$PORTOLAN" sweep --export csv --out "cut$folder") whole.csv
check "points.csv differs after kills" cmp "cut$folder/points.csv" whole/points.csv
check "statistics.csv differs after kills" cmp "cut$folder/statistics.csv" whole/statistics.csv
echo "$kills kills, $((complete + 1)) sweeps completed"

finish
