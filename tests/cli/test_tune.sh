#!/usr/bin/env bash
# portolan tune: what it refuses, what it writes, and that what it writes runs. Its figures: tests/tuning/recompute.py.
. "$(dirname "$0")/lib.sh"

# 400 samples; the cloud is always right, the phone on those that it is sure of.
{
    echo sample,label,tokens,exit3_p0,exit3_p1,exit6_p0,exit6_p1,exit12_p0,exit12_p1
    for i in $(seq 0 399); do
        if [ $((i % 4)) = 0 ]; then phone=0.6,0.4; else phone=0.05,0.95; fi
        echo "$i,1,$((3 + i % 20)),$phone,0.1,0.9,0.02,0.98"
    done
} >held.csv
cp held.csv judged.csv
cat >scenario.yaml <<'YAML'
name: tune
platform:
  phones: [{count: 4, device: test-phone, cell: c}]
  cells: [{name: c, link: test-cell, site: s}]
  sites: [{name: s, server: test-edge, backhaul: test-wire, region: r}]
  regions: [{name: r, server: test-cloud}]
workload: {arrivals: {process: constant, rate: 1/s}}
model: judged.csv
hidden: 64
vocabulary: 100
split: {phone: 3, edge: 6, cloud: 12}
policies: [cloud-only, confidence, {phone-only: {as: stay}}, oracle-cost, adaee]
run: {requests: 400}
YAML

run 2 tune scenario.yaml
check "held-out samples are asked for" grep -q -- '--held-out is needed' stderr
run 2 tune scenario.yaml --held-out missing.csv
check "a missing file is named" grep -q 'missing.csv' stderr
run 2 tune scenario.yaml --held-out held.csv --drop 0
check "a drop of 0 is refused" grep -q "number above 0" stderr
run 2 tune scenario.yaml --held-out held.csv --confidence 1
check "a confidence of 1 is refused" grep -q "below 1" stderr
run 2 tune scenario.yaml --held-out held.csv --objective most
check "objectives are named" grep -q "max_saving, reward" stderr
run 2 tune scenario.yaml --held-out held.csv --out held.csv
check "what is read is not written over" cmp held.csv judged.csv

# Between .6 and .95 the phone keeps what it knows: 3 of 4 samples cost .25, the others climb to the edge (.25 + .75).
run 0 tune scenario.yaml --held-out held.csv --drop 2 --out tuned.yaml --json
threshold=$("$JSON_GET" stdout policies.1.options.threshold)
check "the threshold lies between the two confidences" awk "BEGIN {exit !($threshold > 0.6 && $threshold <= 0.95)}"
check "the promise is kept" [ "$("$JSON_GET" stdout policies.1.promised)" = true ]
check "nothing of phone-only can be promised" [ "$("$JSON_GET" stdout policies.2.chosen)" = false ]
check "oracles are left alone" grep -q '"left_alone": "an oracle"' stdout
check "learners are left alone" grep -q 'cannot be replayed' stdout
run 0 check tuned.yaml
run 0 run tuned.yaml --out results --json
check "it runs as it was tuned: 3 of 4 stay" [ "$("$JSON_GET" stdout policies.1.share_phone)" = 0.75 ]
check "phone-only fell back, under its label" [ "$("$JSON_GET" stdout policies.2.name)" = stay ]
check "to the cloud" [ "$("$JSON_GET" stdout policies.2.policy)" = cloud-only ]

run 0 tune scenario.yaml --held-out held.csv
check "the table says what falls back" grep -q '^stay .*falls back to cloud-only' stdout
run 0 tune scenario.yaml --held-out held.csv --objective reward --mu-cost 0 --json
check "without a price no accuracy is given away" awk "BEGIN {exit !($("$JSON_GET" stdout policies.1.drop) == 0)}"
run 0 tune scenario.yaml --held-out held.csv -q
check "-q is silent" [ ! -s stdout ]
finish
