#!/usr/bin/env bash
# Models and training files that cannot work, or have been damaged: each is refused, with its place.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

reviews=$SOURCE/workloads
mkdir model
run 0 random-model model/m.safetensors --layers 2 --hidden 16 --heads 2 --feed-forward 16 --positions 16 \
    --vocab "$reviews/reviews-vocab.txt" -q
config=model/config.json
cp "$config" good.json
check "there is a config.json" test -s "$config"

# scenario DATA: a scenario of that model, in scenario.yaml; its data stand in line 3.
scenario() {
    cat >scenario.yaml <<YAML
platform: $SOURCE/platforms/one-phone.yaml
workload:
  data: $1
  arrivals: {rate: 1/s}
model: model/m.safetensors
split: {phone: 1, edge: 1, cloud: 2}
policies: [phone-only]
run: {requests: 5}
YAML
}

# ---- Too few positions for a text ----

texts="{task: tsv, file: long.tsv, vocab: $reviews/reviews-vocab.txt}"
pairs="{task: tsv, file: pairs.tsv, vocab: $reviews/reviews-vocab.txt}"
{
    printf 'text_a\tlabel\n'
    for label in 0 1; do
        printf '%s\t%s\n' "$(yes 'a good film' | head -n 500 | tr '\n' ' ')" "$label"
    done
} >long.tsv
awk -F'\t' 'BEGIN {OFS = FS} {print $1, NR == 1 ? "text_b" : $1, $2}' long.tsv >pairs.tsv

line=$(grep -n max_position_embeddings good.json | cut -d: -f1)
for positions in 1 2; do
    sed "s/\"max_position_embeddings\": 16/\"max_position_embeddings\": $positions/" good.json >"$config"
    scenario "$texts"
    run 2 run scenario.yaml --out out
    says "config.json:$line:3: 'max_position_embeddings' is $positions; a whole number from 3 to"
    run 2 outcomes model/m.safetensors scenario.yaml
    says "config.json:$line:3: 'max_position_embeddings' is $positions"
done
cp good.json "$config"

mkdir four
run 0 random-model four/m.safetensors --layers 2 --hidden 16 --heads 2 --feed-forward 16 --positions 4 \
    --vocab "$reviews/reviews-vocab.txt" -q
scenario "$texts"
run 0 run scenario.yaml --set model=four/m.safetensors --out cut -q
scenario "$pairs"
run 2 run scenario.yaml --set model=four/m.safetensors --out out
says "scenario.yaml:3:9: the model has 4 positions; pairs of texts need at least 5"

# training DATA POSITIONS: a training file; its positions stand in line 2.
training() {
    cat >train.yaml <<YAML
data: $1
model: {layers: 1, hidden: 8, heads: 1, feed_forward: 8, positions: $2}
training: {epochs: 1, batch: 2}
YAML
}
for positions in 0 1 2; do
    training "$texts" "$positions"
    run 2 train train.yaml --out trained
    says "train.yaml:2:69: "
    run 2 check train.yaml
    says "train.yaml:2:69: "
    check "no folder was made" test ! -e trained
done
training "$pairs" 4
run 2 train train.yaml --out trained
says "train.yaml:2:69: the model has 4 positions; pairs of texts need at least 5"
check "no folder was made" test ! -e trained
training "$pairs" 5
run 0 train train.yaml --out trained -q

finish
