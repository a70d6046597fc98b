#!/usr/bin/env bash
# portolan calibrate: a small model measured here, others' latencies, devices that a platform takes, refusals.
# shellcheck source=tests/cli/lib.sh
data=${PORTOLAN_DATA:-} # lib.sh takes it away
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
get() { "$JSON_GET" "$@"; }

# ---- A model, on this machine ----

run 0 random-model tiny.safetensors --layers 3 --hidden 32 --heads 2 --feed-forward 64 --vocabulary 50 --positions 24 -q
run 0 calibrate tiny.safetensors --batch 2 --left-out 5 --out mine
prints "this-machine: call"
prints "formula, left out"
prints "table, left out"
prints "repeating a shape gives the same within"
for file in device.yaml table.csv fit.tsv fit.gp; do check "$file is missing" test -s "mine/$file"; done
# layers 1, 2, 3; tokens 2, 3, 4, 6, 8, 12, 16, 24; batches 1, 2; and the header
check "rows of the table" test "$(wc -l <mine/table.csv)" -eq 49
check "points of the picture" test "$(grep -c '^formula' mine/fit.tsv)" -eq 5
check "the source names kernels and core" grep -q 'kernels .*, one core, tiny.safetensors: 48 shapes fitted, 5 left out' mine/device.yaml
check "the range" grep -q 'range: "hidden 32, feed-forward 64, layers 1 to 3, tokens 2 to 24, batch 1 to 2"' mine/device.yaml
check "the error" grep -q 'error: "median .* (shapes left out); by the table' mine/device.yaml
check "no leftovers" test "$(ls -d mine*)" = mine

# The device is one for a platform, with its table beside it.
run 0 check mine/device.yaml
prints "mine/device.yaml: a valid list of devices"
sed 's/speed: .*/speed: fast/' mine/device.yaml >mine/wrong.yaml
run 2 check mine/wrong.yaml
says "mine/wrong.yaml:8:12: 'speed'"
rm mine/wrong.yaml
cat "$SOURCE/platforms/one-phone.yaml" mine/device.yaml | sed 's/server: test-edge/server: this-machine/' >mine/platform.yaml
run 0 check mine/platform.yaml
run 0 platform mine/platform.yaml
prints "table of 48 measurements"
cat >scenario.yaml <<END
platform: mine/platform.yaml
workload: {arrivals: {rate: 0.1/s}}
model: {synthetic: {samples: 40}}
hidden: 32
feed_forward: 64
tokens: {uniform: [2, 24]}
split: {phone: 1, edge: 3, cloud: 12}
policies: [edge-only, phone-only]
run: {requests: 50}
END
run 0 run scenario.yaml --out inside --json
check "all were in the table" test "$(get inside/manifest.json outside_table)" = null
check "the table is an input" grep -q 'mine/table.csv' inside/manifest.json
run 0 run scenario.yaml --out outside --set tokens=25
says "edge-only: 50 executions are not in the table of their device; their time is the formula's"
check "all were outside" test "$(get outside/manifest.json outside_table.edge-only)" = 50
run 0 run scenario.yaml --out quiet --set tokens=25 -q
silent

printf 'scenario: scenario.yaml\naxes: {tokens: [20, 25, 30]}\n' >sweep.yaml
run 0 sweep sweep.yaml --out swept
says "in 2 points executions were not in the table of their device; their time is the formula's"

run 0 calibrate tiny.safetensors --batch 1 --tokens 9 --left-out 1 --out second --json --name box --like edge-xeon
check "name" test "$(get stdout name)" = box
check "left out" test "$(get stdout left_out)" = 1
check "a core's price" grep -q 'price: 0.1USD/h' second/device.yaml
run 0 calibrate tiny.safetensors --batch 1 --tokens 2 --left-out 1 --out third -q # where nothing lies between
silent
refuse 'no error of nothing' grep -q nan third/device.yaml

# ---- Others' latencies ----

# 2 ms + weights at 10 GB/s + FLOP at 40 Gf, by widths, layers, tokens and batches
awk 'BEGIN {
    print "width,ffn,depth,length,size,ms"
    for (h = 64; h <= 512; h *= 2) for (l = 1; l <= 4; l += 3) for (s = 4; s <= 64; s *= 2) for (b = 1; b <= 4; b += 3)
        printf "%d,%d,%d,%d,%d,%.12g\n", h, 4 * h, l, s, b,
            2 + l * 4 * (4 * h * h + 8 * h * h) / 10e9 * 1e3 + b * l * (8 * s * h * h + 16 * s * h * h + 4 * s * s * h) / 40e9 * 1e3
}' >others.csv
columns=hidden=width,feed_forward=ffn,layers=depth,tokens=length,batch=size,seconds=ms
run 0 calibrate --from others.csv --columns $columns --unit ms --out others --json
close() { awk -v found="$1" -v wanted="$2" 'BEGIN { exit !(found > wanted * 0.999999 && found < wanted * 1.000001) }'; }
check "call" close "$(get stdout call_s)" 0.002
check "bandwidth" close "$(get stdout memory_bytes_per_second)" 1e10
check "speed" close "$(get stdout flops_per_second)" 4e10
check "half is left out" test "$(get stdout fitted)" = 40 -a "$(get stdout left_out)" = 40
check "a full grid is a table" test "$(wc -l <others/table.csv)" -eq 81
check "and so is the device's" grep -q 'table: table.csv' others/device.yaml

# Outliers, and a shape that is not everywhere.
{ cat others.csv && echo 64,256,1,4,1,1000 && echo 64,256,1,5,1,2.2; } >noisy.csv
run 0 calibrate --from noisy.csv --columns $columns --unit ms --out noisy --outliers 3
prints "1 outliers are in none of these"
prints "no table: has no row of 1 layers, 5 tokens and batch 4 for hidden 64"
check "no table" test ! -e noisy/table.csv
refuse "nor one in the device" grep -q 'table:' noisy/device.yaml

# ---- Refusals ----

run 2 calibrate
says "a model (.safetensors) or --from CSV is needed"
run 2 calibrate tiny.safetensors --from others.csv
says "one of them"
run 2 calibrate tiny.safetensors --out mine
says "mine"
run 2 calibrate tiny.safetensors --tokens 30 --out new
says "--tokens is 30, but the model takes sequences of 24 at most"
run 2 calibrate tiny.safetensors --unit ms
says "--columns and --unit belong to --from"
run 2 calibrate tiny.safetensors --like edge-nux --out new
says "there is no device preset 'edge-nux', did you mean 'edge-nuc'?"
run 2 calibrate tiny.safetensors --name 'a b' --out new
says "--name is 'a b'"
run 2 calibrate none.safetensors --out new
says "none.safetensors"
run 2 calibrate --from others.csv --out new
says "others.csv:1:1: there is no column 'hidden'"
run 2 calibrate --from others.csv --columns $columns --outliers 0.5 --out new
says "--outliers is '0.5'"
echo 64,256,1,4,1,-1 >>others.csv
run 2 calibrate --from others.csv --columns $columns --out new
says "others.csv:82:14: 'ms' is '-1'; a number above 0 is wanted"
check "nothing was begun" test ! -e new -a ! -e new.unfinished

# ---- Real latencies: median error at most 10 % ----

if [ -n "$data" ]; then
    columns=hidden=encoder_embed_dim,feed_forward=encoder_ffn_embed_dim_avg,layers=encoder_layer_num,seconds=latency_mean_encoder
    for device in cpu_raspberrypi cpu_xeon gpu_titanxp; do
        run 0 calibrate --from "$data/devices/hat_wmt14ende_${device}_all.csv" --unit ms --outliers 3 --out $device --json \
            --columns $columns,attention=512,tokens=30,batch=1
        check "$device: median error" awk -v found="$(get stdout errors_left_out.median)" 'BEGIN { exit !(found > 0 && found <= 0.1) }'
    done
else
    echo "real latencies skipped: PORTOLAN_DATA is not set"
fi
finish
