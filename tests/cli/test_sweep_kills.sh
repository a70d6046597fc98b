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

# ---- A process that dies while others wait for what it computes ----

# Two points that share a model and begin with the same sample: one executes it, the other sleeps until it has. The first
# is killed in the middle; the other must go on, and the killed point must be run again by --resume.
run 0 random-model model.safetensors --vocab "$SOURCE/workloads/reviews-vocab.txt" --layers 12 --hidden 256 --heads 4 \
    --feed-forward 1024 --scale 0.1
cat >once.yaml <<YAML
platform: $SOURCE/platforms/city-lte.yaml
workload: $SOURCE/workloads/reviews.yaml
model: model.safetensors
execute: once
policies: [cloud-only]
run: {requests: 240}
YAML
printf 'scenario: once.yaml\naxes: {payload.answer: [64, 128]}\n' >executed.yaml

# computing PID: the one child that computes while the other one sleeps.
computing() {
    local child state runs='' sleeps=''
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        state=$(sed 's/.*) //' "/proc/$child/stat" 2>/dev/null | cut -d' ' -f1)
        case $state in R) runs=$child ;; S) sleeps=$child ;; esac
    done
    [ -n "$runs" ] && [ -n "$sleeps" ] && echo "$runs"
}
context="a point killed while the other waits for its answers"
timeout 60 "$PORTOLAN" sweep executed.yaml --out executed -q --jobs 2 >stdout 2>stderr </dev/null &
guard=$!
victim=
for ((i = 0; i < 1000; i++)); do
    pid=$(cat "/proc/$guard/task/$guard/children" 2>/dev/null)
    [ -n "$pid" ] && victim=$(computing "${pid% }") && break
    sleep 0.005
done
check "no point waited for another" test -n "$victim"
kill -s KILL "$victim"
status=0
wait "$guard" || status=$?
check "status $status, wanted 1 (124: the others slept on)" test "$status" -eq 1
says "1 points failed"
check "its end is told" grep -q "failed,.*was killed by signal 9" executed/points.csv
run 0 sweep executed.yaml --out executed -q --resume
run 0 sweep executed.yaml --out undisturbed -q --jobs 1
check "the table differs after a death" cmp executed/points.csv undisturbed/points.csv

finish
