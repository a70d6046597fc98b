#!/usr/bin/env bash
# What a sampled trace costs: the same run without and with it.
#   tests/bench/trace.sh [BUILD] [REQUESTS] [REPETITIONS] [POLICY] [TRACE]
#   (build, 1000000, 7, confidence, '{format: chrome, every: 100}')
# A thousand phones at 1/s each, a replayed table, one policy; the two take turns, so that a disturbance hits both. Seconds are those
# of the policy in manifest.json, which end when the trace is on the disk; CPU seconds are those of the whole command,
# and depend less on what else the machine does. Nothing is asserted.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:-$source/build}" && pwd)
requests=${2:-1000000}
repetitions=${3:-7}
policy=${4:-confidence}
usual='{format: chrome, every: 100}'
traces=(none "${5:-$usual}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure WAY: adds to the files WAY.seconds and WAY.cpu.
measure() {
    rm -rf "$work/out"
    TIMEFORMAT='%U %S'
    { time "$build/portolan" run "$source/tests/cli/traces/replay.yaml" --policy "$policy" \
        --set workload.arrivals.rate=1/s --set "run.requests=$requests" \
        --set "output={requests: none, trace: ${traces[$1]}}" --out "$work/out" -q; } 2>"$work/time"
    awk '{ print $1 + $2 }' "$work/time" >>"$work/$1.cpu"
    "$build/tests/cli/json_get" "$work/out/manifest.json" timing.policies.0.seconds >>"$work/$1.seconds"
}

median() {
    sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

for ((i = 0; i < repetitions; i++)); do
    measure 0
    measure 1
done
echo "$requests requests, $policy; medians of $repetitions runs; the trace has $(du -bc "$work"/out/trace-* | tail -n 1 | cut -f1) bytes"
printf '%-32s %10s %8s %12s %8s\n' trace seconds more "CPU seconds" more
for way in 0 1; do
    awk -v trace="${traces[$way]}" -v s="$(median "$work/$way.seconds")" -v s0="$(median "$work/0.seconds")" \
        -v c="$(median "$work/$way.cpu")" -v c0="$(median "$work/0.cpu")" \
        'BEGIN { printf "%-32s %10.3f %7.1f%% %12.3f %7.1f%%\n", trace, s, 100 * (s / s0 - 1), c, 100 * (c / c0 - 1) }'
done
