#!/usr/bin/env bash
# What each choice of data cartography is worth: maps the same training runs again with one option changed at a time, and
# prints what the router then does on the development set, as means with 95 % intervals over the runs.
#
#     scenarios/headline/ablation.sh FOLDER...      (training runs of one task, as run.sh leaves them)
set -euo pipefail
here=$(dirname "$0")
portolan=${PORTOLAN:-$here/../../build/portolan}
[ $# -gt 0 ] || { echo "usage: $0 FOLDER..." >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# row NAME OPTION...: a line for the options. Rows of map.md: | dev: router | accuracy | drop | cost | saving | reward |
row() {
    local name=$1 folder
    shift
    for folder in "${folders[@]}"; do
        "$portolan" map "$folder" --out "$scratch" -q --no-picture "$@"
        awk -F'|' '/dev: router/ { print $3, $4, $5, $6 }' "$scratch"/*map.md
        rm -f "$scratch"/*
    done | awk -v name="$name" -f "$here/interval.awk" -f "$here/ablation.awk"
}

folders=("$@")
saving=(--objective max_saving --drop 0.5)
epochs=$(find "${folders[0]}"/training_dynamics_exit_12 -name '*.jsonl' | wc -l)
echo "| setting | accuracy % | drop, points | cost | saving % |"
echo "|---|---|---|---|---|"
row "**as in the headline**: largest saving within .5 points" "${saving[@]}"
for drop in 0.1 1 2; do row "within $drop points" --objective max_saving --drop "$drop"; done
for mu in 0.02 0.05 0.1 0.2 0.5; do row "largest reward, mu = $mu" --mu-cost "$mu"; done
for reward in true_label max_softmax; do row "largest reward, mu = 0.1, C = $reward" --reward "$reward"; done
row "lambda = 1/24" "${saving[@]}" --layer-cost 0.041666667 --offload-edge 0.25 --offload-cloud 0.5
row "lambda = 1/6" "${saving[@]}" --layer-cost 0.166666667 --offload-edge 0.25 --offload-cloud 0.5
row "offloading is free: o_e = o_c = 0" "${saving[@]}" --offload-edge 0 --offload-cloud 0
row "offloading costs twice as much" "${saving[@]}" --offload-edge 0.5 --offload-cloud 1
row "layers off the phone cost nothing" "${saving[@]}" --remote-compute no
for split in 2,4,12 2,6,12 4,6,12 4,8,12; do row "split $split" "${saving[@]}" --split "$split"; done
for representation in token_norms mean_token cls; do
    for metric in l2 cosine; do
        [ "$representation,$metric" = token_norms,l2 ] && continue
        row "$representation, $metric" "${saving[@]}" --representation "$representation" --metric "$metric"
    done
done
row "logistic on token_norms (ours)" "${saving[@]}" --assignment logistic
row "logistic on mean_token (ours)" "${saving[@]}" --assignment logistic --representation mean_token
for representation in token_norms mean_token; do
    for k in 2 4 8 16; do row "$k prototypes, $representation" "${saving[@]}" --prototypes $k --representation $representation; done
    for k in 4 16 64; do
        row "mixture of $k, $representation (ours)" "${saving[@]}" --assignment mixture --clusters $k --representation $representation
    done
done
for exit in 3 6; do row "map drawn from exit $exit" "${saving[@]}" --exit "$exit"; done
for ((k = 1; k < epochs; k = k < 4 ? k + 1 : k * 2)); do row "first $k epochs" "${saving[@]}" --epochs "$k"; done
row "exit-pools (DIMEE)" "${saving[@]}" --method exit-pools
for k in 2 4 8 16; do row "exit-pools, $k prototypes" "${saving[@]}" --method exit-pools --prototypes $k; done
