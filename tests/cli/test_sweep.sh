#!/usr/bin/env bash
# Sweeps: plans, points, statistics, resuming, and what can go wrong with the store.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >scenario.yaml <<YAML
name: small
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 5/s}}
model: {synthetic: {samples: 100}}
policies: [cloud-only, confidence]
run: {requests: 50}
YAML
cat >sweep.yaml <<YAML
name: small
scenario: scenario.yaml
set: {run.requests: 40}
axes:
  policies.confidence.threshold: [0.6, 0.8, 0.9]
  workload.arrivals.rate: {from: 1/s, to: 4/s, steps: 3, scale: log}
zip:
  - {split.phone: [3, 4], split.edge: [6, 8]}
exclude:
  - {split.phone: 4, policies.confidence.threshold: [0.6, 0.8]}
seeds: [1, 7]
best: {minimise: cost, subject_to: {drop: 5}}
YAML

# export DIR OPTION...: the table of a sweep in the file table.
export_to() {
    local folder=$1
    shift
    "$PORTOLAN" sweep --export csv --out "$folder" "$@" >table 2>stderr
}

# ---- The plan ----

run 0 sweep sweep.yaml --dry-run
prints "small: 12 settings x 2 seeds = 24 points"
prints "policies.confidence.threshold: 3 values, 0.6 to 0.9"
prints "workload.arrivals.rate: 3 values, 1/s to 4/s"
prints "split.phone with split.edge: 2 values, 3/6 to 4/8"
prints "6 settings are excluded"
prints "a point (5 tried)"
check "a dry run writes nothing" test ! -e results
run 0 check sweep.yaml
prints "a valid sweep"

# ---- Points ----

run 0 sweep sweep.yaml --out out --jobs 2
prints "* on the Pareto front of cost, accuracy; ** surely; +- half of the 95 % interval over 2 seeds"
prints "least cost with drop <= 5"
check "the table can be exported" export_to out
check "a row a point and policy" test "$(wc -l <table)" -eq 49
check "points.csv is the exported table" cmp table out/points.csv
check "the last axis varies fastest, the log range is in equal ratios" grep -q '^1,0.6,2/s,3,6,1,done,cloud-only,' table
check "seeds vary slowest" grep -q '^12,0.6,1/s,3,6,7,done,cloud-only,' table
check "without timings by default" sh -c 'head -n 1 table | grep -q "price,error$"'
check "the table can be exported with timings" export_to out --timings
check "with timings if asked" sh -c 'head -n 1 table | grep -q "error,host,seconds,attempts$"'
check "JSON has the points, too" sh -c '"$PORTOLAN" sweep --export json --out out >rows.json'
json rows.json '#' 48
json rows.json 24.seed 7
run 0 sweep sweep.yaml --resume --out out --json
json stdout points.done 24
json stdout best.minimise cost

run 0 sweep sweep.yaml --resume --out out --plots -q
for picture in accuracy-by-threshold latency-mean-s-by-rate cost-by-phone-confidence cost-by-phone-cloud-only pareto; do
    check "no data of $picture" test -s "out/plots/$picture.tsv"
    ! command -v gnuplot >/dev/null || check "$picture is not drawn" test -s "out/plots/$picture.svg"
done

# Whatever metric is asked about has a column, under its short title or the report's.
printf 'scenario: scenario.yaml\nset: {run.requests: 40}\nstatistics: {pareto: [exposure, mcc]}\nbest: {minimise: latency_p99_s}\n' >asked.yaml
run 0 sweep asked.yaml --out asked
for title in MCC exposure p99 accuracy; do
    check "there is no column $title" sh -c 'head -n 1 stdout | grep -qw "$1"' sh "$title"
done
check "a column that nobody asked for" sh -c '! head -n 1 stdout | grep -qw price'

# A point is what a run with the same changes is.
run 0 run scenario.yaml --set run.requests=40 --set policies.confidence.threshold=0.9 --set workload.arrivals.rate=2/s \
    --set split.phone=4 --set split.edge=8 --seed 7 --out one -q
check "a point differs from the same run" \
    cmp <(sed -n 's/^confidence,//p' one/summary.csv) \
    <(sed -n 's/^[0-9]*,0.9,2\/s,4,8,7,done,confidence,\(.*\),$/\1/p' out/points.csv)

# However many points at a time, with a lender or without: the same bytes.
run 0 sweep sweep.yaml --out serial --jobs 1 -q
silent
check "points differ with one job" cmp out/points.csv serial/points.csv
check "statistics differ with one job" cmp out/statistics.csv serial/statistics.csv

# ---- Failures of points ----

cat >failing.yaml <<YAML
name: failing
scenario: scenario.yaml
axes: {split.phone: [3, 7, 5]}
YAML
run 1 sweep failing.yaml --out failing
says "1 points failed"
check "the others are done" grep -q '^2,5,1,done,confidence' failing/points.csv
check "its error is told" grep -q '^1,7,1,failed,,.*gives the edge fewer layers (6) than the phone (7)' failing/points.csv
run 1 sweep failing.yaml --out fast --fail-fast --jobs 1
says "1 points are done, 1 are missing"
run 2 check failing.yaml
says "failing.yaml:3:25"

# ---- Resuming ----

run 2 sweep sweep.yaml --out out
says "holds a sweep already; --resume"
run 0 sweep sweep.yaml --out fresh --resume -q
check "--resume without a store starts anew" cmp fresh/points.csv out/points.csv
run 2 sweep sweep.yaml --out out --resume --set run.requests=41
says "was made with other inputs"
sed 's/0.6, 0.8, 0.9/0.6, 0.8, 0.85, 0.9/' sweep.yaml >longer.yaml
run 2 sweep longer.yaml --out out --resume
says "holds another plan than longer.yaml: the settings differ"
run 0 sweep longer.yaml --out out --resume --accept-changed -q
run 0 sweep longer.yaml --out longer -q
check "a plan that has grown keeps what is done" cmp out/points.csv longer/points.csv
check "a point was run twice" sh -c '"$PORTOLAN" sweep --export csv --timings --out out | tail -n +2 | grep -vq ",1$" && exit 1 || exit 0'
sed 's/\[1, 7\]/[7]/' sweep.yaml >fewer.yaml
run 0 sweep fewer.yaml --out out --resume --accept-changed -q
run 0 sweep fewer.yaml --out fewer -q
check "a plan that has shrunk drops the rest" cmp out/points.csv fewer/points.csv
sed -i 's/requests: 50/requests: 50, warmup: 1/' scenario.yaml
run 2 sweep fewer.yaml --out out --resume
says "was made with other inputs"
run 0 sweep fewer.yaml --out out --resume --accept-changed -q
check "accepted results stay" cmp out/points.csv fewer/points.csv
run 0 sweep fewer.yaml --out out --resume -q
sed -i 's/, warmup: 1//' scenario.yaml

# ---- Wrong input ----

# wrong MESSAGE TEXT: a sweep with this text is refused, and says so.
wrong() {
    printf 'scenario: scenario.yaml\n%s\n' "$2" >wrong.yaml
    run 2 sweep wrong.yaml --out refused
    says "$1"
    check "something was written" test ! -e refused
}
wrong "wrong.yaml:2:1: a sweep has no key 'axis', did you mean 'axes'?" 'axis: {}'
wrong "wrong.yaml:2:16: the values of 'hidden' are a list" 'axes: {hidden: 3}'
wrong "a list like [1, 2, 5] or a range" 'axes: {hidden: []}'
wrong "wrong.yaml:2:23: 'from' is 'x'" 'axes: {hidden: {from: x, to: 1, steps: 2}}'
wrong "write both in the same unit" 'axes: {hidden: {from: 1ms, to: 1s, steps: 2}}'
wrong "a log range has both ends above 0" 'axes: {hidden: {from: 0, to: 1, steps: 2, scale: log}}'
wrong "'steps' is 1; it must be at least 2" 'axes: {hidden: {from: 0, to: 1, steps: 1}}'
wrong "seeds are no axis" 'axes: {seed: [1, 2]}'
wrong "stands on two axes" $'axes: {hidden: [64]}\nzip: [{hidden: [32]}]'
wrong "have the same number" 'zip: [{split.phone: [1, 2], split.edge: [6]}]'
wrong "is on no axis; the axes change hidden" $'axes: {hidden: [64, 128]}\nexclude: [{hiden: 64}]'
wrong "this excludes nothing" $'axes: {hidden: [64, 128]}\nexclude: [{hidden: 65}]'
wrong "every setting is excluded" $'axes: {hidden: [64, 128]}\nexclude: [{hidden: [64, 128]}]'
wrong "the seed 2 stands twice" 'seeds: [1, 2, 2]'
wrong "'seeds' is 0; it must be at least 1" 'seeds: 0'
wrong "combinations" 'axes: {hidden: {from: 1, to: 2, steps: 2000}, vocabulary: {from: 1, to: 2, steps: 2000}}'
wrong "there is no metric 'cots', did you mean 'cost'?" 'best: {minimise: cots}'
wrong "of 'accuracy' more is better; write 'maximise'" 'best: {minimise: accuracy}'
wrong "neither less nor more is better" 'best: {minimise: cost, subject_to: {exit_mean: 3}}'
wrong "takes either 'minimise' or 'maximise'" 'best: {subject_to: {drop: 1}}'
wrong "no policy labelled 'nobody'" 'statistics: {baseline: nobody}'
wrong "a Pareto front is of 2 to 8 metrics" 'statistics: {pareto: [cost]}'
wrong "wrong.yaml:2:36: policies.nobody.threshold: 'nobody' is no item of the list" 'axes: {policies.nobody.threshold: [1]}'
wrong "a scenario has no key 'polices'" 'axes: {polices: [1]}'
run 2 sweep --export csv --out nowhere
says "there is no sweep in this folder"
run 2 sweep sweep.yaml --accept-changed
says "--accept-changed goes with --resume"
run 2 sweep sweep.yaml --export xml
says "allowed are csv, json"
run 2 sweep sweep.yaml --engine lokal
says "--engine is 'lokal', did you mean 'local'?; allowed are local, slurm"
run 2 sweep sweep.yaml --chunk 1x
says "--chunk is '1x'; it must be a whole number from 1 to 1000000"

# ---- The store ----

# Two sweeps on one store.
cat >long.yaml <<YAML
scenario: scenario.yaml
set: {run.requests: 1e6}
YAML
env --default-signal=INT "$PORTOLAN" sweep long.yaml --out shared -q >/dev/null 2>&1 </dev/null &
pid=$!
for ((i = 0; i < 250; i++)); do
    [ -s shared/sweep.sqlite ] && [ -n "$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)" ] && break
    sleep 0.02
done
run 1 sweep long.yaml --out shared --resume
says "process $pid is running a sweep in this folder"
kill -s INT "$pid"
status=0
wait "$pid" || status=$?
check "an interrupted sweep ends with status 130, not $status" test "$status" -eq 130
check "an interrupted sweep can be exported" export_to shared
check "its point waits" grep -q ',waiting,' table

# A damaged store is told of and left alone.
mkdir damaged garbage
cp fewer/sweep.sqlite damaged/
printf 'not a page of a database' | dd of=damaged/sweep.sqlite bs=1 seek=8192 conv=notrunc status=none
cp damaged/sweep.sqlite before
run 1 sweep fewer.yaml --out damaged --resume
says "is damaged"
check "the damaged store was changed" cmp before damaged/sweep.sqlite
echo "this is no database at all, only a text that stands in its place" >garbage/sweep.sqlite
run 1 sweep fewer.yaml --out garbage --resume
says "is damaged"
check "the file in the store's place was changed" grep -q 'only a text' garbage/sweep.sqlite
mkdir older
if command -v sqlite3 >/dev/null; then
    # hostile SQL SAID: a store in which this was done is refused in words, by every command that reads it.
    hostile() {
        rm -rf hostile
        cp -r fewer hostile
        sqlite3 hostile/sweep.sqlite "PRAGMA ignore_check_constraints = ON; $1"
        run 1 sweep fewer.yaml --out hostile --resume
        says "hostile/sweep.sqlite"
        says "$2"
        run 1 sweep --export csv --out hostile
        says "$2"
    }
    hostile "UPDATE points SET setting = -1 WHERE point = 2" "table points, row 3, column setting is -1"
    hostile "UPDATE points SET seed = 'x'" "column seed is 'x'; a whole number is wanted"
    hostile "UPDATE results SET position = 1000000 WHERE position = 1" "column position is 1000000"
    hostile "UPDATE results SET accuracy = 'high'" "column accuracy is 'high'; a number is wanted"
    hostile "UPDATE points SET host = printf('%.*c', 5000000, 'x')" "has more than 1048576 bytes in a cell"
    hostile "DROP TABLE points; CREATE VIEW points AS WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n)
        SELECT x AS point, 0 AS setting, 1 AS seed, 'done' AS status, NULL AS error, NULL AS host, 1.0 AS seconds,
        1 AS attempts FROM n" "the view 'points' in it is not as Portolan makes it"
    rm -rf hostile
    mkdir hostile
    mkfifo hostile/sweep.sqlite
    run 2 sweep --export csv --out hostile
    says "hostile/sweep.sqlite: is not a regular file"
else
    echo "skipped: hostile stores (sqlite3 is not installed)"
fi
sqlite3 older/sweep.sqlite 'CREATE TABLE something(x); PRAGMA user_version = 1' 2>/dev/null &&
    run 2 sweep fewer.yaml --out older --resume &&
    says "older/sweep.sqlite was written with schema 1 by an older Portolan"

if [ "$(id -u)" -eq 0 ] && mkdir disk && mount -t tmpfs -o size=256k none disk 2>/dev/null; then
    # Full while points are recorded: what was recorded stays, and with room again the sweep goes on.
    cat >many.yaml <<YAML
scenario: scenario.yaml
axes: {policies.confidence.threshold: {from: 0.5, to: 0.9, steps: 200}}
YAML
    run 1 sweep many.yaml --out disk/out
    says "no space left on the disk"
    mount -o remount,size=16m disk
    run 0 sweep many.yaml --out disk/out --resume -q
    run 0 sweep many.yaml --out many -q
    check "points were lost on the full disk" cmp many/points.csv disk/out/points.csv
    # No room for a store at all.
    rm -r disk/out
    mount -o remount,size=16k disk
    run 1 sweep many.yaml --out disk/out
    says "no space left"
    # A folder that cannot be written: no sweep, but its table can be read.
    mount -o remount,size=16m disk
    run 0 sweep fewer.yaml --out disk/out -q
    mount -o remount,ro disk
    run 1 sweep fewer.yaml --out disk/new
    says "Read-only file system"
    run 1 sweep fewer.yaml --out disk/out --resume
    says "Read-only file system"
    check "a store in a read-only folder can be exported" export_to disk/out
    check "its table is whole" cmp table fewer/points.csv
    umount disk
else
    echo "skipped: a full disk and a read-only folder (a tmpfs may not be mounted here)"
fi

finish
