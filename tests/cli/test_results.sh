#!/usr/bin/env bash
# portolan run: the same results for the same seed, changes from the command line, and what is in the folder.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=$SOURCE/scenarios/synthetic.yaml
short=(--set run.requests=400 --set run.warmup=50)

# ---- The same seed gives the same bytes, however many processes ----

run 0 run "$quick" "${short[@]}" --out first -q
silent
run 0 run "$quick" "${short[@]}" --out second -q
run 0 run "$quick" "${short[@]}" --out one-job -q --jobs 1
run 0 run "$quick" "${short[@]}" --out five-jobs -q -j 5
same first second
same first one-job
same first five-jobs
run 0 run "$quick" "${short[@]}" --out seed-1 -q --seed 1
same first seed-1
run 0 run "$quick" "${short[@]}" --out seed-2 -q --seed 2
refuse "another seed gives other requests" cmp first/requests.csv seed-2/requests.csv
refuse "another seed gives another summary" cmp first/summary.csv seed-2/summary.csv
json seed-2/summary.json seed 2
check "seven files and nothing else" diff <(printf "%s\n" calibration.csv manifest.json places_load.csv requests.csv samples.csv summary.csv summary.json) <(find first -type f -printf "%f\n" | sort)

# ---- What is in the folder ----

json first/summary.json scenario synthetic
json first/summary.json network.model CM02
json first/summary.json policies.# 5
json first/summary.json policies.0.name cloud-only
json first/summary.json policies.0.requests 400
json first/summary.json policies.0.answered 400
json first/summary.json policies.0.failed 0
json first/manifest.json seed 1
json first/manifest.json scenario.run.requests 400
json first/manifest.json scenario.run.warmup 50
json first/manifest.json inputs.0.role scenario
json first/manifest.json inputs.0.sha256 "$(sha256sum "$quick" | cut -d' ' -f1)"
json first/manifest.json inputs.1.sha256 "$(sha256sum "$SOURCE/platforms/city-lte.yaml" | cut -d' ' -f1)"
check "a row a request and policy, and a header" test "$(wc -l <first/requests.csv)" -eq 2001
check "a row a policy, and a header" test "$(wc -l <first/summary.csv)" -eq 6
# Only manifest.json may speak of the host and its clock: a date, the host's name, seconds of the run.
for file in summary.json summary.csv requests.csv; do
    refuse "$file holds the host's name" grep -qF "$(hostname)" "first/$file"
    refuse "$file holds wall-clock figures" grep -qiE 'wall|date' "first/$file"
done
json first/summary.json policies.4.overloaded '[]'
refuse "nothing is overloaded, and no line says so" grep -q overloaded stdout
# places_load.csv against requests.csv: at the edge, all that had a core there, and how long they waited
awk -F, 'NR > 1 && $9 != "" { n[$1]++; wait[$1] += $9 } END { for (p in n) printf "%s %d %.6f\n", p, n[p], wait[p] }' first/requests.csv | sort >at-edge
awk -F, '$2 == "edge" && $4 { n[$1] += $4; wait[$1] += $4 * $6 } END { for (p in n) printf "%s %d %.6f\n", p, n[p], wait[p] }' first/places_load.csv | sort >loads
check "places_load.csv counts what requests.csv has" cmp at-edge loads
run 0 run "$quick" --set workload.arrivals.rate=4/s --policy random --set run.requests=8000 --out full
prints "random: edge site edge-"
prints "is overloaded since"
prints "latencies and failures grow with the length of the run"
# samples.csv against requests.csv
awk -F, -v correct="$(column correct first/requests.csv)" 'NR > 1 { n[$1 "," $4]++; right[$1 "," $4] += $correct } END { for (k in n) print k "," n[k] "," right[k] }' first/requests.csv |
    sort -t, -k1,1 -k2,2n >counted.csv
check "samples.csv counts what requests.csv has" cmp counted.csv <(tail -n +2 first/samples.csv | sort -t, -k1,1 -k2,2n)
run 0 run "$quick" "${short[@]}" --set output.requests=none --out no-rows -q
check "samples.csv is there without rows" cmp first/samples.csv no-rows/samples.csv
check "no requests.csv where none is wanted" test ! -e no-rows/requests.csv
check "the summary is the same without rows" cmp first/summary.json no-rows/summary.json

# The columns of summary.csv are the keys of summary.json in the same order.
run 0 list metrics --json
"$JSON_GET" stdout '#' >count
check "summary.csv has a column a metric" \
    test "$(head -n 1 first/summary.csv | tr ',' '\n' | tail -n +2 | wc -l)" -eq "$(cat count)"

# ---- --json, the table, and nothing ----

run 0 run "$quick" "${short[@]}" --out json -q --json
check "--json prints summary.json" cmp stdout json/summary.json
run 0 run "$quick" "${short[@]}" --out table
prints cloud-only
prints accuracy
says "results: table"
refuse "no colour where there is no terminal" grep -q $'\033' stdout
refuse "no marks where there is no terminal" grep -q '\*' stdout
if command -v script >/dev/null; then # of util-linux: a terminal to write to
    on_terminal() {
        env "$@" TERM=xterm script -qec "'$PORTOLAN' run '$quick' ${short[*]} --out terminal-$#" /dev/null </dev/null >terminal
    }
    on_terminal -u NO_COLOR
    check "bold on a terminal" grep -q $'\033\\[1m' terminal
    refuse "no asterisk where there is bold" grep -q '\*' terminal
    on_terminal -u NO_COLOR NO_COLOR=1
    refuse "NO_COLOR is honoured" grep -q $'\033\\[1m' terminal
    check "asterisks in place of bold" grep -q '^\* best of its column' terminal
else
    echo "skipped: the table on a terminal (script of util-linux is not installed)"
fi
run 0 run "$quick" "${short[@]}" -q
check "the default folder is results/NAME" test -f results/synthetic/summary.json
run 0 run "$quick" "${short[@]}" -q
check "the next one is numbered" test -f results/synthetic-2/summary.json
same results/synthetic results/synthetic-2

# ---- --set ----

# A policy is entered by its name, its label or its place; the result is the same as writing it there.
sed 's/threshold: 0.8, escalate: tokens/threshold: 0.9/; s#\.\./platforms#'"$SOURCE"'/platforms#' "$quick" >written.yaml
run 0 run written.yaml "${short[@]}" --out written -q
run 0 run "$quick" "${short[@]}" --set policies.confidence.threshold=0.9 --out by-name -q
run 0 run "$quick" "${short[@]}" --set policies.3.threshold=0.9 --out by-index -q
same written by-name
same written by-index
sed 's/threshold: 0.9/as: strict, threshold: 0.5/' written.yaml >labelled.yaml
run 0 run labelled.yaml "${short[@]}" --set policies.strict.threshold=0.9 --out by-label -q
json by-label/summary.json policies.3.name strict
check "by label: the same figures" \
    test "$(grep '^confidence,' written/summary.csv | cut -d, -f2-)" = "$(grep '^strict,' by-label/summary.csv | cut -d, -f2-)"
run 0 run "$quick" "${short[@]}" --set policies.phone-only.as=alone --out options-made -q
json options-made/summary.json policies.1.name alone
run 0 run "$quick" "${short[@]}" --set platform.phones.budget.count=1 --set platform.cells.0.count=2 --out platform -q
json platform/manifest.json scenario.platform.phones.2.count 1
json platform/manifest.json scenario.platform.cells.0.count 2
run 0 run "$quick" "${short[@]}" --set "platform=$SOURCE/platforms/one-phone.yaml" --out other -q
json other/manifest.json scenario.platform.name one-phone
run 0 run "$quick" "${short[@]}" --set split.phone=1 --set split.phone=2 --out last-wins -q
json last-wins/summary.json policies.1.exit_mean 2

# run.requests and run.duration take each other out; the scenario itself is never changed.
run 0 run "$quick" --set run.duration=20s --set run.warmup=0 --policy phone-only --out timed -q
json timed/manifest.json scenario.run '{"warmup":0,"duration":"20s"}'
check "no arrival after the duration" test "$(tail -n +2 timed/requests.csv | awk -F, '$6 > 20' | wc -l)" -eq 0
sed 's/requests: 50000, warmup: 1000/duration: 20s/; s#\.\./platforms#'"$SOURCE"'/platforms#' "$quick" >timed.yaml
run 0 run timed.yaml --policy phone-only --out timed-file -q
same timed timed-file
run 0 run timed.yaml --set run.requests=100 --policy phone-only --out counted -q
json counted/summary.json policies.0.requests 100
json counted/manifest.json scenario.run '{"requests":100}'

# ---- --policy ----

run 0 run "$quick" "${short[@]}" --policy random --policy phone-only --out chosen -q
json chosen/summary.json policies.# 2
json chosen/summary.json policies.0.name random
json chosen/summary.json policies.1.name phone-only
check "a policy alone gives what it gives among others" \
    cmp <(grep '^random,' first/requests.csv) <(grep '^random,' chosen/requests.csv)
run 0 run labelled.yaml "${short[@]}" --policy strict --out chosen-label -q
json chosen-label/summary.json policies.# 1
json chosen-label/summary.json policies.0.name strict
run 0 run labelled.yaml "${short[@]}" --policy confidence --out chosen-name -q
same chosen-label chosen-name
run 0 run "$quick" "${short[@]}" --policy oracle-reward --out chosen-new -q
json chosen-new/summary.json policies.0.name oracle-reward

# ---- Labels with commas are quoted where commas separate ----

run 0 run "$quick" "${short[@]}" --set 'policies=[{patience: {patience: 2, exits: all}}, {patience: {patience: 3, exits: all}}]' \
    --out commas -q
json commas/summary.json policies.0.name 'patience(patience=2,exits=all)'
check "quoted in summary.csv" grep -q '^"patience(patience=2,exits=all)",400,' commas/summary.csv
check "quoted in requests.csv" grep -q '^"patience(patience=3,exits=all)",0,' commas/requests.csv

finish
