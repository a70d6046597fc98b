#!/usr/bin/env bash
# The headline of data cartography, reproduced or refuted: trains a model for each task and seed, maps it, routes the
# development set by every policy, and prints means with 95 % intervals over the seeds.
#
#     scenarios/headline/run.sh [-o FOLDER] [-s SEEDS] [-w WIDTH] TASK...
#
# TASK: a file of scenarios/training/ without its ending (depth, depth-flat, sst2, cola, ...). SEEDS: how many (5). WIDTH:
# of the text models (64; depth's own is 64). What is there already is not made again. Text tasks need PORTOLAN_DATA.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."
portolan=${PORTOLAN:-build/portolan} out=results/headline seeds=5 width=64
while getopts o:s:w: option; do
    case $option in
    o) out=$OPTARG ;;
    s) seeds=$OPTARG ;;
    w) width=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
case $out in results/headline | /*) ;; *) out=$here/$out ;; esac
mkdir -p "$out"
out=$(realpath "$out")
[ $# -gt 0 ] || { echo "usage: $0 [-o FOLDER] [-s SEEDS] [-w WIDTH] TASK..." >&2; exit 2; }

# Passes over the training set: enough for variability to mean something.
epochs() {
    case $1 in
    depth*) sed -n 's/^ *epochs: \([0-9]*\).*/\1/p' "scenarios/training/$1.yaml" ;;
    sst2) echo 3 ;;
    *) echo 4 ;;
    esac
}

train() {
    local task=$1 seed=$2 folder=$3
    [ -e "$folder/model.safetensors" ] && return
    "$portolan" train "scenarios/training/$task.yaml" --set seed="$seed" --set model.hidden="$width" \
        --set training.epochs="$(epochs "$task")" --resume --out "$folder"
}

# map FOLDER NAME OPTION...: a router beside the model.
map() {
    local folder=$1 name=$2
    shift 2
    "$portolan" map "$folder" --out "$folder/map-$name" -q --no-picture "$@"
}

maps() {
    local within=(--objective max_saving --drop 0.5)
    map "$1" reward
    map "$1" saving "${within[@]}"
    map "$1" mean-token "${within[@]}" --representation mean_token
    map "$1" logistic "${within[@]}" --representation mean_token --assignment logistic
    map "$1" exit-pools "${within[@]}" --method exit-pools
}

route() {
    local task=$1 folder=$2 seed=$3 sets=() name samples
    samples=$(sed -n 's/.* held out, \([0-9]*\) dev.*/\1/p' "$folder/map-reward/map.md")
    for name in reward saving mean-token logistic; do
        sets+=(--set "policies.$name.router=$folder/map-$name/router.json")
    done
    sets+=(--set "workload.data=$(sed -n 's/^dev: //p' "scenarios/training/$task.yaml")")
    [[ $task = depth* ]] && sets+=(--set "workload.data.seed=$seed") # as the model's own: data vary with the seed
    rm -rf "$folder/run"
    "$portolan" run scenarios/headline/headline.yaml -q --set "model=$folder/model.safetensors" \
        --set "run.requests=$samples" "${sets[@]}" \
        --set "policies.exit-pools.router=$folder/map-exit-pools/exit-router.json" --out "$folder/run"
}

for task; do
    for ((seed = 1; seed <= seeds; seed++)); do
        folder=$out/$task-$seed
        mkdir -p "$folder"
        train "$task" "$seed" "$folder"
        [ -e "$folder/map-exit-pools/exit-router.json" ] || maps "$folder"
        route "$task" "$folder" "$seed"
    done
    awk -v task="$task" -f scenarios/headline/interval.awk -f scenarios/headline/table.awk "$out/$task"-[0-9]*/run/summary.csv | tee "$out/$task.md"
done
