#!/usr/bin/env bash
# Signals that end a command: its exit status, and what it leaves behind. Standard output that cannot be written.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ALL=(HUP INT QUIT PIPE TERM XCPU)

# ended_by SIGNAL: sends it to what was started, and sees it end as it should.
ended_by() {
    kill -s "$1" "$pid"
    ends $((128 + $(kill -l "$1")))
    [ "$1" = PIPE ] || says "interrupted by SIG$1"
    check "nothing is left unfinished" test -z "$(find . -name '*unfinished*' -o -name '*.part')"
    check "no process is left" wait_for 10 childless
}

# No child, and no child's child, outlives the command: each has this folder as its own, or one in it.
childless() {
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [ "$(dirname "$cwd")" = "/proc/$$" ] || [ "$(dirname "$cwd")" = "/proc/$BASHPID" ] && continue
        case "$(readlink "$cwd" 2>/dev/null)" in "$work"*) return 1 ;; esac
    done
}

# A gnuplot that never ends, once it has begun its pictures.
mkdir fake
cat >fake/gnuplot <<'SH'
#!/bin/sh
for name in *.gp; do : >"${name%.gp}.svg"; done
exec sleep 600
SH
chmod +x fake/gnuplot
draws() { [ -n "$(find "$1" -path '*.unfinished-*/*.svg')" ]; }

# ---- Every long command ----

cat >slow.yaml <<YAML
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 10/s}}
model: {synthetic: {samples: 10}}
hidden: 64
policies: [phone-only, edge-only]
run: {requests: 5e6}
YAML
for signal in "${ALL[@]}"; do
    mkdir parent
    start run slow.yaml --out parent/out
    wait_for 60 has_child "$pid" || fail "no policy was started"
    ended_by "$signal"
    check "nothing was written" rmdir parent
done

cat >sweep.yaml <<YAML
scenario: slow.yaml
axes: {run.requests: [10, 5e6]}
YAML
one_done() { "$PORTOLAN" sweep --export csv --out "$1" 2>/dev/null | grep -q ',done,'; }
for signal in HUP QUIT XCPU; do
    start sweep sweep.yaml --jobs 1 --out "sweep-$signal"
    wait_for 60 one_done "sweep-$signal" || fail "the first point has not ended"
    ended_by "$signal"
    check "the finished point is kept" one_done "sweep-$signal"
done

cat >train.yaml <<YAML
name: tiny
data: {task: depth, samples: 200, part: train}
dev: {task: depth, samples: 100, part: dev}
model: {layers: 4, hidden: 16, heads: 2, pre_norm: yes, pooler: no}
training: {epochs: 2, batch: 64, rate: 2e-3, dropout: 0, holdout: 0.2}
YAML
for signal in HUP TERM; do
    start train train.yaml --set training.epochs=10000 --out "train-$signal"
    wait_for 60 test -e "train-$signal/checkpoint.bin" || fail "no epoch has ended"
    ended_by "$signal"
    check "the checkpoint is kept" test -s "train-$signal/checkpoint.bin"
done

run 0 train train.yaml --out model -q
for signal in INT PIPE; do
    cp -r model "map-$signal"
    PATH=$work/fake:$PATH start map "map-$signal" --split 1,2,4
    wait_for 60 draws "map-$signal" || fail "no picture is drawn"
    ended_by "$signal"
done

cat >many.yaml <<YAML
data: {task: depth, samples: 60000, part: train}
arrivals: {rate: 1/s}
YAML
run 0 train train.yaml --set model.layers=12 --set model.hidden=256 --set training.epochs=1 --out large -q
for signal in HUP XCPU; do
    start outcomes large/model.safetensors many.yaml --jobs 1 --out "table-$signal.csv"
    wait_for 60 grep -q model.safetensors "/proc/$pid/maps"
    ended_by "$signal"
    check "there is no table" test ! -e "table-$signal.csv"
done

run 0 run slow.yaml --set run.requests=50 --out results -q
for signal in TERM QUIT; do
    PATH=$work/fake:$PATH start report results
    wait_for 60 draws results || fail "no picture is drawn"
    ended_by "$signal"
    check "there is no page" test ! -e results/report.html
done

# ---- What is to be ignored stays ignored ----

(trap '' HUP && exec "$PORTOLAN" run slow.yaml --set run.requests=200000 --policy edge-only --out kept >stdout 2>stderr) &
pid=$!
context="nohup portolan run"
wait_for 60 has_child "$pid" || fail "no policy was started"
kill -s HUP "$pid"
ends 0
check "the run went on" test -s kept/summary.json

# ---- The limit on processor time, met by a policy's process ----

(ulimit -S -t 1 && exec "$PORTOLAN" run slow.yaml --policy edge-only --out late >stdout 2>stderr) &
pid=$!
context="ulimit -t 1; portolan run"
ends 152
says "interrupted by SIGXCPU"

# ---- Standard output ----

status() { # of the first command in a pipe that is closed before it writes
    local pipe=("$@")
    "${pipe[@]}" 2>stderr | (exec <&-; sleep 0.1)
    echo "${PIPESTATUS[0]}"
}
run 0 list policies
check "a reader that has gone: 128 + SIGPIPE" test "$(status "$PORTOLAN" list policies)" -eq 141
check "a run into a closed pipe" test "$(status "$PORTOLAN" run slow.yaml --set run.requests=100 --out piped)" -eq 141
check "its results are whole" test -s piped/manifest.json

# full ARGUMENT...: to a full disk.
full() {
    local status=0
    context="portolan $* >/dev/full"
    checks=$((checks + 1))
    "$PORTOLAN" "$@" >/dev/full 2>stderr || status=$?
    [ "$status" -eq 1 ] || fail "status $status, wanted 1"
    says "portolan: standard output: cannot write: No space left on device"
    check "it is said once" test "$(grep -c '^portolan: ' stderr)" -eq 1
}
if [ -w /dev/full ]; then
    full --help
    full --version
    for command in run report sweep check platform train map outcomes random-model list; do full "$command" --help; done
    full list policies
    full list policies --json
    full check slow.yaml
    full check slow.yaml --json
    full platform "$SOURCE/platforms/one-phone.yaml" --xml
    full outcomes model/model.safetensors "$SOURCE/workloads/depth.yaml" -q
    full map model --split 1,2,4 --no-picture -q --json
    full sweep --export csv --out sweep-HUP
    full sweep --export json --out sweep-HUP
    full train train.yaml --out other -q --json
    full report results --json
    full run slow.yaml --set run.requests=50 --out written -q --json
    check "the results are written all the same" test -f written/manifest.json
else
    echo "skipped: there is no /dev/full"
fi

# Standard output that is closed is not the next file that is opened.
context="portolan run >&-"
checks=$((checks + 1))
"$PORTOLAN" run slow.yaml --set run.requests=50 --out closed >&- 2>stderr && fail "status 0, wanted 1"
says "portolan: standard output: cannot write: Bad file descriptor"
check "the results are not damaged" "$JSON_GET" closed/summary.json policies.0.name

finish
