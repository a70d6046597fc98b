#!/usr/bin/env bash
# portolan map: from a training run to a router that a scenario steers by; others' dynamics and published maps; refusals.
# shellcheck source=tests/cli/lib.sh
data=${PORTOLAN_DATA:-} # lib.sh takes it away
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >train.yaml <<END
name: tiny
data: {task: depth, samples: 600, part: train}
dev: {task: depth, samples: 200, part: dev}
model: {layers: 4, hidden: 16, heads: 2, pre_norm: yes, pooler: no}
training: {epochs: 3, batch: 64, rate: 2e-3, dropout: 0, holdout: 0.2}
record: [1, 2, 4]
END
cat >scenario.yaml <<END
platform: $SOURCE/platforms/city-lte.yaml
workload: {arrivals: {rate: 0.1/s}, data: {task: depth, samples: 200, part: dev}}
model: run/model.safetensors
split: {phone: 1, edge: 2, cloud: 4}
policies: [cartography, exit-pools]
run: {requests: 200}
END
run 0 train train.yaml --out run -q

# ---- A run ----

run 0 map run --split 1,2,4
prints "481 fitting, 119 held out, 200 dev; split 1/2/4"
prints "dynamics of exit 4 over 3 epochs"
prints "Is it the map or the length?"
prints "bytes"
for file in router.json map.csv map.json map.md surface.csv; do check "$file is missing" test -s "run/$file"; done
check "map.md is what was printed" cmp -s stdout run/map.md
check "482 lines in map.csv" test "$(wc -l <run/map.csv)" -eq 482
cp -r run first
run 0 map run --split 1,2,4 -q
silent
for file in router.json map.csv map.json map.md surface.csv; do check "$file differs" cmp -s "run/$file" "first/$file"; done
run 0 map run --split 1,2,4 --method exit-pools -q
check "exit-router.json is missing" test -s run/exit-router.json

# The share of dev samples that the page says go to each tier is the share that the simulation sends there.
run 0 run scenario.yaml --out results -q
share() { "$JSON_GET" "$1" "$2"; }
for k in 0 1 2; do
    tier=(share_phone share_edge share_cloud)
    check "tier $k: shares of map and simulation" awk -v map="$(share run/map.json "dev.shares.$k")" \
        -v run="$(share results/summary.json "policies.0.${tier[$k]}")" 'BEGIN { exit map + 0 != run + 0 || run == "" }'
done
check "the manifest names the router" grep -q 'run/router.json' results/manifest.json

# ---- Settings ----

run 0 map run --split 1,2,4 --exit 1 --epochs 2 --representation mean_token --metric cosine --objective max_saving --drop 3 \
    --reward true_label --mu-cost 0.2 --layer-cost 1/4 --offload-edge 0.5 --offload-cloud 1 --no-remote-compute --out other
prints "dynamics of exit 1 over 2 epochs"
prints "cartography, nearest-mean, mean_token of 16 numbers, cosine"
prints "costs (ours): phone 0.25, edge 0.5, cloud 1"
run 0 map run --split 1,2,4 --alpha 0.5 --beta 0.2 --out other --json
check "alpha as given" test "$("$JSON_GET" stdout thresholds.0)" = 0.5
awk -F, 'NR > 1 { want = $2 < 0.5 ? "hard" : $3 <= 0.2 ? "easy" : "medium"; if ($5 != want) exit 1 }' other/map.csv ||
    fail "pools of map.csv"
run 0 map run --split 1,2,4 --assignment logistic --out logistic
prints "price of cost"
run 0 run scenario.yaml --policy cartography --set policies.cartography.router=logistic/router.json --out results-logistic -q

run 0 map run --split 1,2,4 --prototypes 3 --out prototypes
prints "nearest-mean, token_norms of 13 numbers, l2, 3 prototypes a pool"
prints "margin of the router of prototypes"
run 0 map run --split 1,2,4 --prototypes 3 --out prototypes-again -q
check "the same seed, another router" cmp -s prototypes/router.json prototypes-again/router.json
run 0 map run --split 1,2,4 --prototypes 3 --seed 2 --out prototypes-again -q
check "another seed, the same router" test "$(cmp -s prototypes/router.json prototypes-again/router.json; echo $?)" -eq 1
run 0 map run --split 1,2,4 --method exit-pools --prototypes 2 --out prototypes -q
run 0 map run --split 1,2,4 --assignment mixture --clusters 5 --out mixture
prints "mixture, token_norms of 13 numbers, l2, 5 clusters"
prints "price of cost"
prints "margin of the mixture router"
for k in 0 1 2; do shares[k]=$("$JSON_GET" mixture/map.json "dev.shares.$k"); done
run 0 run scenario.yaml --policy cartography --set policies.cartography.router=mixture/router.json --out results-mixture -q
for k in 0 1 2; do
    check "tier $k: shares of the mixture" awk -v map="${shares[k]}" \
        -v run="$("$JSON_GET" results-mixture/summary.json "policies.0.${tier[k]}")" 'BEGIN { exit map + 0 != run + 0 || run == "" }'
done

# ---- Replays ----

cat >workload.yaml <<END
arrivals: {rate: 0.1/s}
data: {task: depth, samples: 200, part: dev}
END
run 0 outcomes run/model.safetensors workload.yaml --router run/router.json --out table.csv -q
run 0 run scenario.yaml --policy cartography --set execute=replay --set model=table.csv --set hidden=16 --set vocabulary=100 \
    --set policies.cartography.router=run/router.json --out replay -q
run 0 run scenario.yaml --policy cartography --out once -q
check "replay and once differ" cmp -s replay/requests.csv once/requests.csv

# ---- Maps alone ----

run 0 map --dynamics "$SOURCE/tests/analysis/dynamics" --out plain
prints "20 samples; at alpha 0.5, beta 0.2:"
check "no router of a map alone" test ! -e plain/router.json
if [ -n "$data" ] && command -v xz >/dev/null; then
    xz -dc "$data/difficulty/winogrande_roberta_data_map.jsonl.xz" >winogrande.jsonl
    counts=$(sed 's/.*"confidence":\([^,]*\),"variability":\([^,]*\),.*/\1 \2/' winogrande.jsonl | awk '
        { n[$1 < 0.5 ? "hard" : $2 <= 0.2 ? "easy" : "medium"]++ }
        END { printf "40398 samples; at alpha 0.5, beta 0.2: %d easy, %d medium, %d hard", n["easy"], n["medium"], n["hard"] }')
    run 0 map --map winogrande.jsonl --alpha 0.5 --beta 0.2 --out winogrande
    prints "$counts"
else
    echo "skipped: the published map needs PORTOLAN_DATA and xz"
fi

# ---- Refusals ----

run 2 map
says "give the folder of a training run, or --dynamics, or --map"
run 2 map run --dynamics run
says "give the folder of a training run, or --dynamics, or --map"
run 2 map --map x.jsonl
says "--out is needed"
run 2 map nothing
says "nothing/model.safetensors"
run 2 map run
says "does not suit a model of 4 layers"
run 2 map run --split 2,1,4
says "does not suit a model of 4 layers"
run 2 map run --split 1,2
says "it must be three numbers of layers like 3,6,12"
run 2 map run --split 1,2,4 --exit 3
says "--exit 3: the run recorded the dynamics of exits 1, 2, 4"
run 2 map run --split 1,2,4 --epochs 9
says "has the dynamics of 3 epochs, not of 9"
run 2 map run --split 1,2,4 --metric l3
says "l2, cosine"
run 2 map run --split 1,2,4 --drop x
says "--drop"
run 2 map run --split 1,2,4 --threshold 0.5
says "--threshold belongs to --method exit-pools"
run 2 map run --split 1,2,4 --assignment logistic --prototypes 2
says "--prototypes belongs to --assignment nearest-mean; logistic has none"
run 2 map run --split 1,2,4 --clusters 2
says "--clusters belongs to --assignment mixture; nearest-mean has none"
run 2 map run --split 1,2,4 --prototypes 0
says "--prototypes"
run 2 map run --split 1,2,4 --prototypes 300
says "--prototypes"
run 2 map run --split 1,2,4 --method exit-pools --assignment mixture
says "exit-pools has neither --alpha, --beta nor --assignment mixture"
run 2 map run --split 1,2,4 --method exit-pools --alpha 0.5
says "exit-pools has neither --alpha"
run 2 map run --split 1,2,4 --alpha 0.5 --alpha 0.6
says "--alpha is given twice"
sed -i '1s/"guid": [0-9]*/"guid": 599999/' first/training_dynamics_exit_4/dynamics_epoch_*.jsonl
rm -f first/router.json
run 2 map first --split 1,2,4
says "the dynamics are not of the 481 samples that train.yaml gives"
check "a failed map leaves a router" test ! -e first/router.json
run 0 train train.yaml --set training.holdout=0 --out whole -q
run 2 map whole --split 1,2,4
says "there are no held-out samples to search thresholds on"
run 0 map whole --split 1,2,4 --alpha 0.5 --beta 0.2 -q

finish
