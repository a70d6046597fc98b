#!/usr/bin/env bash
# Files from elsewhere: what is none is refused at once, what is read is not written over, what is written goes where it was
# asked to, and nothing in a file reaches the terminal as anything but text.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# A command that waits for a pipe is stopped, which is a failure.
found=$PORTOLAN
printf '#!/bin/sh\nexec timeout 60 "%s" "$@"\n' "$found" >within
chmod +x within
PORTOLAN=$work/within

cp "$SOURCE/platforms/one-phone.yaml" platform.yaml
cat >workload.yaml <<'EOF'
name: w
arrivals: {process: constant, rate: 1/s}
EOF
cat >good.yaml <<'EOF'
name: good
platform: platform.yaml
workload: workload.yaml
model: {synthetic: {samples: 20}}
split: {phone: 3, edge: 6, cloud: 12}
policies: [cloud-only, phone-only]
run: {requests: 20}
output: {requests: csv}
EOF
run 0 run good.yaml --out good -q
mkfifo pipe

# ---- What is no file, where one belongs ----

for kind in pipe /dev/zero "$work"; do
    for key in "platform=$kind" "workload=$kind" "model=$kind.csv" "policies=[{cartography: {router: $kind}}]"; do
        [ "$key" != "model=$kind.csv" ] || { ln -sfn "$kind" "$work/link.csv" && key=model=$work/link.csv; }
        run 2 run good.yaml --set "$key" --out out
        says "is not a regular file but a"
    done
    ln -sfn "$kind" link.safetensors
    run 2 run good.yaml --set model=link.safetensors --set execute=once --out out
    says "is not a regular file but a"
    for command in run sweep train check platform; do
        run 2 "$command" "$kind"
        says "is not a regular file but a"
    done
    run 2 outcomes "$kind" workload.yaml
    says "is not a regular file but a"
    run 2 map --map "$kind" --out out
    says "is not a regular file but a"
    run 2 random-model out.safetensors --vocab "$kind"
    says "is not a regular file but a"
    check "nothing was written" test ! -e out -a ! -e out.safetensors
done

# placed FILE: a platform whose phones lie where FILE says.
placed() {
    sed "s/count: 1,/count: 1, places: $1,/" platform.yaml >placed.yaml
    check "$1 is in the platform" grep -q "$1" placed.yaml
}
placed pipe
run 2 platform placed.yaml
says "is not a regular file but a named pipe; a CSV file is wanted"

mkdir dynamics && mkfifo dynamics/dynamics_epoch_0.jsonl
run 2 map --dynamics dynamics --out out
says "dynamics/dynamics_epoch_0.jsonl: is not a regular file but a named pipe"

cp -r good results
for name in summary.json requests.csv manifest.json; do
    rm "results/$name" && mkfifo "results/$name"
    run 2 report results
    says "results/$name: is not a regular file but a named pipe"
    rm "results/$name" && cp "good/$name" results
done

cat >sweep.yaml <<'EOF'
name: two
scenario: good.yaml
axes: {run.requests: [20, 30]}
EOF
mkdir store && mkfifo store/sweep.sqlite
run 2 sweep sweep.yaml --out store --resume
says "store/sweep.sqlite: is not a regular file"
run 2 sweep --export csv --out store
says "store/sweep.sqlite: is not a regular file"

# Training: every file that a key names, and the checkpoint.
cat >train.yaml <<'EOF'
name: tiny
data: {task: depth, samples: 40, part: train}
model: {layers: 2, hidden: 8, heads: 2}
training: {epochs: 1, batch: 8}
EOF
run 0 train train.yaml --out trained -q
mv trained/checkpoint.bin whole.bin && mkfifo trained/checkpoint.bin
run 2 train train.yaml --out trained --resume
says "trained/checkpoint.bin: is not a regular file"
rm trained/checkpoint.bin && mv whole.bin trained/checkpoint.bin
run 2 train train.yaml --set model.start=pipe --out out
says "is not a regular file"
cp -r trained broken && rm broken/train.yaml && mkfifo broken/train.yaml
run 2 map broken
says "broken/train.yaml: is not a regular file but a named pipe"
printf 'sentence\tlabel\na b\t0\nb a\t1\n' >data.tsv
printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n' >words.txt
for key in file vocab; do
    sed "s/^data: .*/data: {task: sst2, file: data.tsv, vocab: words.txt}/" train.yaml |
        sed "/^data/s/$key: [^,}]*/$key: pipe/" >texts.yaml
    run 2 train texts.yaml --out out
    says "pipe: is not a regular file but a named pipe"
done
sed "s/^data: .*/data: {task: sst2, file: data.tsv, vocab: words.txt}/" train.yaml >texts.yaml
run 2 train texts.yaml --set model.word_vectors=pipe --out out
says "pipe: is not a regular file"

# ---- What is read is not written over ----

# kept FILE: it is as it was.
kept() {
    check "$1 was changed" cmp -s "$1" "kept/$1"
}
mkdir kept && cp -r trained good texts.yaml data.tsv words.txt platform.yaml kept
cat >texts-workload.yaml <<'EOF'
name: w
data: {task: depth, samples: 10, part: dev}
arrivals: {process: constant, rate: 1/s}
EOF
cp texts-workload.yaml kept
for out in trained/model.safetensors ./trained/../trained/config.json texts-workload.yaml; do
    run 2 outcomes trained/model.safetensors texts-workload.yaml --out "$out"
    says "is one of the files that this command reads, so it is not written over"
    kept "$out"
done
ln trained/model.safetensors same.safetensors
ln -s trained/model.safetensors link-to-model
for out in same.safetensors link-to-model; do
    run 2 outcomes trained/model.safetensors texts-workload.yaml --out "$out"
    says "is one of the files that this command reads"
done
kept trained/model.safetensors
run 2 report good --out good/summary.json
says "the name of a page ends in .html"
run 0 report good -q
for name in summary.json summary.csv requests.csv manifest.json; do kept "good/$name"; done
printf 'latitude,longitude\n1,2\n' >places.csv
placed places.csv
cp placed.yaml places.csv kept
for out in placed.yaml places.csv; do
    run 2 platform placed.yaml --places "$out"
    says "is one of the files that this command reads"
    kept "$out"
done
mkdir here && cp texts.yaml here/train.yaml && cp data.tsv words.txt here && mv here/words.txt here/vocab.txt
sed -i 's/words.txt/vocab.txt/' here/train.yaml
cp -r here kept
(cd here && "$PORTOLAN" train train.yaml --out . >../stdout 2>../stderr </dev/null)
check "training over its own file is status 2" test $? -eq 2
says "is one of the files that this command reads"
check "nothing else was written: $(ls here)" diff -r here kept/here
run 0 train train.yaml --out trained --resume -q
run 0 train trained/train.yaml --out trained --resume -q

# ---- Where it was asked to ----

for name in .. . .hidden; do
    for command in run sweep train; do
        case $command in run) file=good.yaml ;; sweep) file=sweep.yaml ;; train) file=train.yaml ;; esac
        sed "s/^name: .*/name: $name/" "$file" >named.yaml
        run 2 "$command" named.yaml
        says "named.yaml:1:7: 'name' is '$name'; a name has 1 to 63 letters"
    done
done
check "nothing was written" test ! -e results/good

long=$(printf 'x%.0s' $(seq 200))
deep=$work/$long/$long/$long/$long/$long/$long
for arguments in "run good.yaml" "sweep sweep.yaml" "train train.yaml" "map --dynamics $SOURCE/tests/analysis/dynamics" \
    "outcomes trained/model.safetensors texts-workload.yaml" "report good" "platform placed.yaml --places"; do
    case $arguments in *--places) ending=$deep.csv ;; report*) ending="--out $deep.html" ;; *) ending="--out $deep" ;; esac
    # shellcheck disable=SC2086 # words
    run 2 $arguments $ending
    check "it says that the path is too long" grep -qE 'characters; (at most|it has)|must have 1 to [0-9]+ characters' stderr
done
check "no path was cut: $(find . -name "$long" | head -n 3)" test -z "$(find . -name "$long*")"

# ---- Permissions, links, leftovers ----

(umask 077 && "$PORTOLAN" run good.yaml --out private -q)
check "a folder follows the umask" test "$(stat -c %a private)" = 700
check "so do its files" test "$(stat -c %a private/summary.json)" = 600
mkdir -m 700 strict
run 0 run good.yaml --out strict -q
check "an empty folder that is replaced keeps its permissions" test "$(stat -c %a strict)" = 700

mkdir treasure && echo gold >treasure/accuracy-cost.svg && echo gold >treasure/gold
cp -r good linked && rm -rf linked/plots && ln -s ../treasure linked/plots
run 2 report linked
says "linked/plots: is a symbolic link, where a folder is wanted"
rm linked/plots && mkdir linked/plots
for ending in svg pdf png; do ln -s ../../treasure/gold "linked/plots/accuracy-cost.$ending.unfinished"; done
ln -s ../../treasure/gold linked/plots/accuracy-cost.tsv
ln -sf ../treasure/gold linked/report.html
run 0 report linked -q
check "nothing was written through links" test "$(cat treasure/gold treasure/accuracy-cost.svg)" = "gold
gold"
check "the page took the link's place" test -f linked/report.html -a ! -L linked/report.html
ln -s ../treasure/gold linked/report.html.unfinished
run 2 report linked
says "linked/report.html.unfinished: is in the way, and was not left by Portolan; remove it"

sed 's/requests: 20/requests: 1e7/' good.yaml >long.yaml
"$found" run long.yaml --out killed -q 2>first &
pid=$!
for _ in $(seq 100); do [ -d killed.unfinished ] && break || sleep 0.05; done
check "a run fills a temporary folder" test -d killed.unfinished
run 1 run good.yaml --out killed
says "killed: process $pid is writing in this folder; wait for it, or give another --out"
kill -9 $pid
wait $pid 2>/dev/null
check "a kill leaves it" test -d killed.unfinished
run 0 run good.yaml --out killed -q
check "the next run takes it away" test ! -e killed.unfinished -a ! -e killed.lock
same killed strict

sed 's/samples: 40/samples: 4000/; s/epochs: 1/epochs: 1000/' train.yaml >endless.yaml
"$found" train endless.yaml --out training -q 2>first &
pid=$!
for _ in $(seq 200); do [ -e training/train.lock ] && break || sleep 0.05; done
run 1 train train.yaml --out training
says "training: process $pid is training in this folder"
kill -9 $pid
wait $pid 2>/dev/null

# holder FILE: holds the lock that another command would hold, until it is killed.
cat >holder.py <<'EOF'
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
EOF
mkdir charted
while read -r folder name doing command; do
    python3 holder.py "$folder/$name.lock" >held &
    pid=$!
    for _ in $(seq 200); do [ -s held ] && break || sleep 0.05; done
    # shellcheck disable=SC2086 # words
    run 1 $command
    says "$folder: process $pid is ${doing//_/ } in this folder; wait for it, or give another --out"
    kill $pid
    wait $pid 2>/dev/null
    : >held
    # shellcheck disable=SC2086 # words
    run 0 $command -q
    check "the lock of a dead process is taken and removed" test ! -e "$folder/$name.lock"
done <<EOF
good report making_a_report report good
charted map writing_a_map map --dynamics $SOURCE/tests/analysis/dynamics --out charted --no-picture
EOF

# ---- Nothing but text ----

esc=$(printf '\033')
bad=$(printf '\033[2J\302\2332J\007')
steered() {
    check "no control character: $1" sh -c "! LC_ALL=C grep -q '[$esc]' stdout stderr"
    check "no C1 control: $1" sh -c "! LC_ALL=C grep -q \$(printf '\302\233') stdout stderr"
}
sed 's/^name: .*/name: "a\\e[2J\\x9b2J"/' good.yaml >escapes.yaml
run 2 check escapes.yaml
says '\x1b[2J\u009b2J'
steered name
sed 's/^policies: .*/policies: ["\\e[2J"]/' good.yaml >escapes.yaml
run 2 run escapes.yaml
steered policy
printf 'sample,label,exit_1\n0,%s,1\n' "$bad" >escapes.csv
run 2 check escapes.csv
steered table
run 2 check "no$bad.yaml"
says 'no\x1b[2J\u009b2J\x07.yaml: cannot open'
steered "file name"
cp platform.yaml "p$bad.yaml"
run 0 check "p$bad.yaml"
prints 'p\x1b[2J\u009b2J\x07.yaml: a valid platform'
steered "valid file"
run 0 check "p$bad.yaml" --json
steered JSON
cat >escapes.yaml <<'EOF'
name: two
scenario: good.yaml
axes: {"platform.name": ["a\e[2J", b]}
EOF
run 2 sweep escapes.yaml --dry-run
steered "an axis"

# ---- A path that is no UTF-8 ----

odd=$(printf 'caf\351')
mkdir "$odd" && cp good.yaml platform.yaml workload.yaml "$odd"
run 0 run "$odd/good.yaml" --out odd -q
json odd/manifest.json 'inputs.#' 3
json odd/manifest.json inputs.0.path 'caf\xe9/good.yaml'
run 0 check "$odd/good.yaml" --json
json stdout 0.file 'caf\xe9/good.yaml'
run 0 random-model "$odd/m.safetensors" --layers 1 --hidden 8 --heads 1 --json
json stdout model 'caf\xe9/m.safetensors'

# ---- Sizes that nobody means ----

printf 'sample,label,exit_1\n' >huge.csv
truncate -s 5G huge.csv
run 2 check huge.csv
says "huge.csv:1:1: has 5368709120 bytes; at most"
printf 'latitude,longitude\n' >huge.csv
truncate -s 5G huge.csv
placed huge.csv
run 2 platform placed.yaml
says "huge.csv:2:1: is a NUL byte; a text is wanted"
cp -r good wide && truncate -s 5G wide/requests.csv
run 2 report wide
says "is a NUL byte; a text is wanted"
awk 'BEGIN { printf "policies: ["; for (i = 0; i < 100000; i++) printf "&a%d x, ", i; print "]"
             printf "name: ["; for (i = 0; i < 100000; i++) printf "*a%d , ", i; print "]" }' >aliases.yaml
for command in run sweep train platform check; do
    run 2 "$command" aliases.yaml
    says "more than 1000 anchors (&name); write the values out"
done
awk 'BEGIN { printf "policies: [&a cloud-only"; for (i = 0; i < 190000; i++) printf ", *a "; print "]" }' >many.yaml
sed '/^policies/d' good.yaml >>many.yaml
run 2 run many.yaml
says "'policies' lists 190001 policies"

sed 's/count: 1,/count: 1e7,/' platform.yaml >crowd.yaml
(
    ulimit -v 1000000
    "$PORTOLAN" run good.yaml --set platform=crowd.yaml --out crowd >stdout 2>stderr
    echo $? >status
)
if ! grep -qi 'sanitizer' stderr; then # which takes all addresses
    check "ten million phones are status 1" test "$(cat status)" = 1
    says "out of memory"
fi

finish
