#!/usr/bin/env bash
# Requests per second of Portolan against bare SimGrid, on this machine, in the same run:
#   tests/bench/bench.sh [BUILD] [REQUESTS] [REPETITIONS]      (build, 200000, 5)
# The scenario is scenarios/sst2-bert12.yaml (with PORTOLAN_DATA; else the same with the synthetic table), one policy at a
# time; the seconds are those of the simulation alone. Nothing is asserted.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:-$source/build}" && pwd)
requests=${2:-200000}
repetitions=${3:-5}
platform=$source/platforms/city-lte.yaml
scenario=$source/scenarios/sst2-bert12.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${PORTOLAN_DATA:-}" ]; then
    echo "PORTOLAN_DATA is unset: 872 synthetic samples in place of SST-2's"
    sed 's#^model:.*#model: {synthetic: {samples: 872}}#; s#\.\./platforms#'"$source"'/platforms#; /from: confidence/d' \
        "$scenario" >"$work/scenario.yaml"
    scenario=$work/scenario.yaml
fi
"$build/portolan" platform --xml "$platform" >"$work/platform.xml"
phones=$("$build/portolan" platform --json "$platform" | "$build/tests/cli/json_get" - phones)
edges=$("$build/portolan" platform --json "$platform" | "$build/tests/cli/json_get" - 'sites.#')
rate=$((phones / 10)) # 0.1/s a phone, as in the scenario

portolan_seconds() {
    rm -rf "$work/out"
    "$build/portolan" run "$scenario" --policy "$1" --set "run.requests=$requests" --out "$work/out" -q
    "$build/tests/cli/json_get" "$work/out/manifest.json" timing.policies.0.seconds
}

bare_seconds() {
    "$build/tests/bench/bare_simgrid" "$work/platform.xml" "$edges" "$phones" "$1" "$requests" "$rate"
}

median() {
    sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# compare POLICY WAY: in turns, so that a disturbance hits both.
compare() {
    : >"$work/portolan"
    : >"$work/bare"
    for ((i = 0; i < repetitions; i++)); do
        portolan_seconds "$1" >>"$work/portolan"
        bare_seconds "$2" >>"$work/bare"
    done
    awk -v name="$1" -v n="$requests" -v p="$(median <"$work/portolan")" -v b="$(median <"$work/bare")" \
        'BEGIN { printf "%-16s %12.0f %14.0f %8.2f\n", name, n / p, n / b, b / p }'
}

alone() {
    : >"$work/portolan"
    for ((i = 0; i < repetitions; i++)); do portolan_seconds "$1" >>"$work/portolan"; done
    awk -v name="$1" -v n="$requests" -v p="$(median <"$work/portolan")" \
        'BEGIN { printf "%-16s %12.0f\n", name, n / p }'
}

echo "$requests requests on $phones phones and $edges edge sites; medians of $repetitions runs"
printf '%-16s %12s %14s %8s\n' policy portolan/s "bare SimGrid/s" ratio
compare phone-only phone
compare edge-only edge
alone cloud-only
alone confidence-tiers
