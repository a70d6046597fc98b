#!/usr/bin/env bash
# Models and training files that cannot work, or have been damaged: each is refused, with its place.
# shellcheck disable=SC2016 # $4 is awk's
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

# ---- Labels that are words ----

# rows FILE FIRST...: a data set whose labels are words, beginning with those of the first word given.
rows() {
    local file=$1 word i
    shift
    printf 'text_a\tlabel\n' >"$file"
    for word in "$@"; do
        for i in 1 2 3 4 5 6; do
            printf '%s film %s\t%s\n' "$word" "$i" "$word"
        done
    done >>"$file"
}
rows train.tsv good bad
rows dev.tsv bad good
rows odd.tsv bad good
printf 'a fine film\tfine\n' >>odd.tsv
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' a good bad fine film 1 2 3 4 5 6 >words.txt
vocab=$PWD/words.txt
cat >words.yaml <<YAML
data: {task: tsv, file: train.tsv, vocab: $vocab}
dev: {task: tsv, file: dev.tsv, vocab: $vocab}
model: {layers: 2, hidden: 16, heads: 2, feed_forward: 16, pooling: mean}
training: {epochs: 10, batch: 4, rate: 3e-2, dropout: 0}
YAML
run 0 train words.yaml --out words
says "classes (the labels, sorted): 0 bad, 1 good"
json words/config.json id2label.0 bad
json words/config.json id2label.1 good
json words/config.json label2id.good 1
check "it has learned something" awk -F, 'NR > 1 {last = $4} END {exit !(last > 0.9)}' words/metrics.csv
check "train and dev are the same rows, but their accuracies differ" \
    awk -F, 'NR > 1 && $4 != $6 {exit 1}' words/metrics.csv
run 0 check words.yaml
prints "classes: 0 bad, 1 good"
run 2 train words.yaml --set dev.file=odd.tsv --out odd
says "odd.tsv:14:13: unknown label 'fine'; the training set has bad, good"
check "no folder was made" test ! -e odd

words_scenario() {
    cat >words-run.yaml <<YAML
platform: $SOURCE/platforms/one-phone.yaml
workload: {data: {task: tsv, file: $1, vocab: $vocab}, arrivals: {rate: 1/s}, order: sequential}
model: words/model.safetensors
split: {phone: 1, edge: 1, cloud: 2}
policies: [cloud-only]
run: {requests: 12}
YAML
}
accuracy=$(tail -n 1 words/metrics.csv | cut -d, -f6)
cat >workload.yaml <<YAML
data: {task: tsv, file: train.tsv, vocab: $vocab}
arrivals: {rate: 1/s}
YAML
for file in train.tsv dev.tsv; do
    sed "s/train.tsv/$file/" workload.yaml >one.yaml
    run 0 outcomes words/model.safetensors one.yaml --out "$file.csv"
    says "classes (the model): 0 bad, 1 good"
    check "the table tells the names" grep -q ',label_name$' "$file.csv"
    run 0 check "$file.csv"
    prints "classes: 0 bad, 1 good"
    words_scenario "$file"
    for mode in once live; do
        run 0 run words-run.yaml --set "execute=$mode" --out "$file-$mode"
        says "classes (the model): 0 bad, 1 good"
        json "$file-$mode/summary.json" policies.0.accuracy "$accuracy"
        json "$file-$mode/manifest.json" classes.1 good
    done
    sed "s/^workload:.*/workload: {arrivals: {rate: 1\\/s}, order: sequential}\nhidden: 16/; s/^model:.*/model: $file.csv/" words-run.yaml \
        >replay.yaml
    run 0 run replay.yaml --out "$file-replay"
    says "classes (the table): 0 bad, 1 good"
    json "$file-replay/summary.json" policies.0.accuracy "$accuracy"
done
words_scenario odd.tsv
run 2 run words-run.yaml --out odd
says "odd.tsv:14:13: unknown label 'fine'; the model has bad, good"
run 2 check words-run.yaml
says "odd.tsv:14:13: unknown label 'fine'"
run 2 outcomes words/model.safetensors <(sed 's/train.tsv/odd.tsv/' workload.yaml)

# A held-out part and a map read the labels by the model's names too.
run 0 train words.yaml --set training.holdout=0.3 --set model.layers=2 --out held -q
run 0 map held --split 1,1,2 --no-picture --out map -q

# A file of JSON lines has the same words; numbers keep their meaning.
awk -F'\t' 'NR > 1 {printf "{\"text_a\": \"%s\", \"label\": \"%s\"}\n", $1, $2}' dev.tsv >dev.jsonl
run 0 train words.yaml --set dev.task=jsonl --set dev.file=dev.jsonl --out lines -q
check "the accuracies differ" awk -F, 'NR > 1 && $4 != $6 {exit 1}' lines/metrics.csv
sed 's/good$/1/; s/bad$/0/' dev.tsv >numbers.tsv
run 0 train words.yaml --set dev.file=numbers.tsv --out numbers -q
check "the accuracies differ" awk -F, 'NR > 1 && $4 != $6 {exit 1}' numbers/metrics.csv
printf '{"text_a": "x", "label": "fine"}\n' >>dev.jsonl
run 2 train words.yaml --set dev.task=jsonl --set dev.file=dev.jsonl --out odd
says "dev.jsonl:13:1: unknown label 'fine'"

# ---- Damage ----

# A weight that is not a number: the last element of the last tensor.
for mode in once live; do
    cp -r words nan
    printf '\377\377\377\177' | dd of=nan/model.safetensors bs=1 conv=notrunc \
        seek=$(($(stat -c %s nan/model.safetensors) - 4)) 2>/dev/null
    run 2 outcomes nan/model.safetensors workload.yaml
    says "element 1 of 2 (from 0) is NaN; weights must be finite numbers"
    words_scenario train.tsv
    run 2 run words-run.yaml --set model=nan/model.safetensors --set "execute=$mode" --out refused
    says "element 1 of 2 (from 0) is NaN"
    run 2 map nan --split 1,1,2
    says "element 1 of 2 (from 0) is NaN"
    run 2 train words.yaml --set model.start=nan/model.safetensors --out refused
    says "element 1 of 2 (from 0) is NaN"
    check "nothing was written" test ! -e refused/model.safetensors
    rm -rf nan refused
done

# A file that a training file names and that is not there, or is none.
cat >missing.yaml <<YAML
data: {task: tsv, file: train.tsv, vocab: $vocab}
training: {epochs: 1}
model:
  layers: 1
  KEY: FILE
YAML
for key in start word_vectors; do
    for file in nowhere.bin .; do
        sed "s/KEY/$key/; s/FILE/$file/" missing.yaml >one.yaml
        for command in train check; do
            run 2 "$command" one.yaml
            says "one.yaml:5:$((${#key} + 5)): "
        done
    done
done
says "is not a regular file"

for key in file vocab; do
    run 2 train words.yaml --set "dev.$key=nowhere" --out refused
    says "words.yaml:2:6: nowhere: cannot open"
done

# An epoch of the dynamics is missing: the last one too.
for epoch in 0 4 9; do
    cp -r held gap
    rm "gap/training_dynamics/dynamics_epoch_$epoch.jsonl"
    run 2 map gap --split 1,1,2 --no-picture --out gap-map
    says "gap/training_dynamics"
    check "nothing was written" test ! -e gap-map
    rm -rf gap
done

# Any byte of a checkpoint.
cp words/checkpoint.bin good.bin
size=$(stat -c %s good.bin)
for at in 9 100 2000 $((size / 2)) $((size - 1)); do
    cp good.bin words/checkpoint.bin
    byte=$(od -An -tu1 -j "$at" -N 1 good.bin)
    printf "\\$(printf '%03o' $((255 - byte)))" | dd of=words/checkpoint.bin bs=1 seek="$at" conv=notrunc 2>/dev/null
    run 2 train words.yaml --out words --resume -q
    says "words/checkpoint.bin: is damaged"
done
cp good.bin words/checkpoint.bin
run 0 train words.yaml --out words --resume -q

# The arithmetic of training is in the manifest; another one is refused, or noted.
json words/manifest.json trained_with.0.from_epoch 0
json words/manifest.json classes.1 good
json words/manifest.json inputs.0.role data
first=$("$JSON_GET" words/manifest.json trained_with.0.arithmetic)
OPENBLAS_CORETYPE=Prescott run 0 train words.yaml --out prescott -q
second=$("$JSON_GET" prescott/manifest.json trained_with.0.arithmetic)
if [ "$first" != "$second" ]; then
    OPENBLAS_CORETYPE=Prescott run 2 train words.yaml --out words --resume
    says "was trained with '$first'; here it is '$second'"
    OPENBLAS_CORETYPE=Prescott run 0 train words.yaml --out words --resume --accept-changed
    says "trained with '$second' from epoch 10 on, before with '$first'"
    json words/manifest.json trained_with.1.arithmetic "$second"
fi

finish
