#!/usr/bin/env bash
# Memory that runs out: under a limit on the address space, and by one allocation that fails, the n-th, for every n up to
# MOST in steps of STEP (by default few; `MOST=1000 STEP=1 ctest -R short_memory` tries them all). A command must then end by
# itself, with status 0 and the results of an undisturbed one, or with status 1 and a message about memory: no crash, no
# blame on the input (status 2), nothing half-written. Crashes within a library are told of, but are not ours.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"
: "${FAIL_NTH_LIBRARY?}"

if [ -z "$FAIL_NTH_LIBRARY" ]; then
    echo "skipped: the sanitizers' allocator cannot be made to fail"
    exit 77
fi
most=${MOST:-1000} step=${STEP:-97}

# ---- Tiny inputs ----

cat >train.yaml <<YAML
name: tiny
data: {task: depth, samples: 60, part: train}
dev: {task: depth, samples: 40, part: dev}
model: {layers: 2, hidden: 8, heads: 1, pre_norm: yes, pooler: no}
training: {epochs: 1, batch: 32, rate: 2e-3, dropout: 0, holdout: 0.3}
YAML
cat >workload.yaml <<YAML
data: {task: depth, samples: 40, part: dev}
arrivals: {rate: 1/s}
YAML
cat >scenario.yaml <<YAML
name: tiny
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 1/s}}
model: {synthetic: {samples: 10}}
hidden: 64
policies: [phone-only, confidence: {threshold: 0.8}]
run: {requests: 20}
output: {trace: csv}
YAML
cat >sweep.yaml <<YAML
scenario: scenario.yaml
axes: {run.requests: [10, 20]}
YAML
printf 'sample,label,tokens,exit1_p0,exit1_p1\n0,1,5,0.25,0.75\n' >table.csv
printf 'hidden,feed_forward,layers,tokens,batch,seconds\n64,256,1,8,1,1e-3\n64,256,1,16,1,2e-3\n64,256,2,8,1,2e-3\n64,256,2,16,1,3e-3\n' \
    >latencies.csv
run 0 train train.yaml --out model -q
run 0 run scenario.yaml --out results -q
mkdir empty # where there is no gnuplot: what it does with its memory is its own affair

# ---- A limit on the address space ----

# limited KIB ARGUMENT...: ends by itself, well or for want of memory.
limited() {
    local limit=$1 status=0
    shift
    context="ulimit -v $limit; portolan $*"
    checks=$((checks + 1))
    rm -rf out out.csv
    (ulimit -v "$limit" && exec timeout 60 "$PORTOLAN" "$@" >stdout 2>stderr </dev/null) || status=$?
    [ "$status" -eq 127 ] && return # not even the libraries could be loaded
    case $status in
    0) ;;
    1) says memory ;;
    *) fail "status $status, wanted 0 or 1" ;;
    esac
}
for limit in 60000 80000 120000 180000 240000 300000 360000; do
    limited "$limit" train train.yaml --out out -q --jobs 2
    limited "$limit" map model --split 1,2,2 -q --jobs 2 --no-picture --out out
    limited "$limit" outcomes model/model.safetensors workload.yaml -q --jobs 2 --out out.csv
    limited "$limit" list policies
    limited "$limit" run scenario.yaml -q --out out
done

# ---- The n-th allocation ----

# crash_site: the innermost frame of the reported crash that is not the C library's or the C++ library's.
crash_site() {
    sed -n '/^crashed/,$p' report | grep -vE '^crashed|fail_nth|/libc\.so|/libstdc\+\+|/libgcc_s|/ld-linux' | head -n 1
}

# judge STATUS N NAME: what a command did whose n-th allocation failed.
judge() {
    local site
    if grep -q '^crashed' report; then
        site=$(crash_site)
        case $site in
        *portolan*) fail "$3: allocation $2: crashed in $site" ;;
        *) echo "$3: allocation $2: crashed in a library: $site" && library=$((library + 1)) ;;
        esac
        return
    fi
    case $1 in
    0) same_results || fail "$3: allocation $2: status 0, but other results: $(diff -rq --exclude=manifest.json good out 2>&1 | head -n 2)" ;;
    1) grep -qsi 'memory' stderr stdout out/results/points.csv || fail "$3: allocation $2: status 1 without a word about memory" ;;
    *) fail "$3: allocation $2: status $1" ;;
    esac
    [ -z "$(find . -name '*unfinished*')" ] || fail "$3: allocation $2: something was left unfinished"
}

same_results() {
    cmp -s stdout good.stdout && diff -rq --exclude=manifest.json --exclude='sweep.*' good out >/dev/null 2>&1
}

# one_fails NAME parent|dlopen|children ARGUMENT...: what the command writes goes to the folder `out`.
one_fails() {
    local name=$1 in=$2 n status tried=0 library=0
    shift 2
    rm -rf good out && mkdir -p out
    env PATH="$work/empty" "$PORTOLAN" "$@" >good.stdout 2>stderr </dev/null || fail "$name: fails without cause"
    mv out good
    for ((n = 1; n <= most; n += step)); do
        rm -rf out && mkdir -p out && : >report
        status=0
        context="portolan $*; allocation $n fails in $in"
        FAIL_NTH=$n FAIL_IN=$in FAIL_PROGRAM=$(basename "$PORTOLAN") FAIL_REPORT=$PWD/report LD_PRELOAD=$FAIL_NTH_LIBRARY \
            timeout -s KILL 60 env PATH="$work/empty" "$PORTOLAN" "$@" >stdout 2>stderr </dev/null || status=$?
        [ -s report ] || break # it does not allocate as often
        checks=$((checks + 1)) tried=$((tried + 1))
        judge "$status" "$n" "$name"
    done
    echo "$name ($in): $tried allocations failed, $library crashes within a library"
}

one_fails list parent list policies --json
one_fails check parent check scenario.yaml "$SOURCE/platforms/city-lte.yaml" train.yaml sweep.yaml workload.yaml table.csv --json
one_fails platform parent platform "$SOURCE/platforms/city-lte.yaml" --json
one_fails run parent run scenario.yaml --out out/results --json
one_fails run children run scenario.yaml --out out/results --json
one_fails sweep parent sweep sweep.yaml --out out/results --json
one_fails sweep children sweep sweep.yaml --out out/results --json
one_fails outcomes parent outcomes model/model.safetensors workload.yaml --out out/table.csv -q --jobs 1
one_fails map parent map model --split 1,2,2 --out out/map --json --jobs 1
one_fails train parent train train.yaml --out out/model --json --jobs 1
one_fails calibrate parent calibrate --from latencies.csv --out out/device --json
step=1 one_fails train dlopen train train.yaml --out out/model --json --jobs 1
one_fails report parent report results --out out/report.html -q
finish
