#!/usr/bin/env bash
# Traces: exact bytes of a small one, the rules of the formats by programs that are not ours, sums against the results,
# sampling, names of files, and that a trace changes nothing else.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=$SOURCE/tests/cli/traces/replay.yaml
chrome=$SOURCE/tests/cli/check_chrome_trace.py

# ---- Small traces, worked out by hand in small.yaml and radio.yaml ----

for case in small:confidence radio:edge-only; do
    name=${case%:*}
    for format in csv:csv chrome:json paje:paje; do
        run 0 run "$SOURCE/tests/cli/traces/$name.yaml" --set "output.trace.format=${format%:*}" \
            --out "$name-${format%:*}" -q
        file=$name-${format%:*}/trace-${case#*:}.${format#*:}
        check "$file: $(diff "$file" "$SOURCE/tests/cli/traces/$name.${format#*:}" | head -n 4)" \
            cmp "$file" "$SOURCE/tests/cli/traces/$name.${format#*:}"
    done
done

# ---- Under load, with full queues, on half-duplex cells and in closed loops: every request, every policy ----

crowded=(--set workload.arrivals.rate=5/s --set platform.sites.0.queue=3 --set run.requests=1500)
hidden=(--set "platform=$SOURCE/platforms/factory-wifi.yaml" --set policies.confidence.escalate=hidden
    --set run.requests=600)
closed=(--set 'workload.arrivals={process: closed, think: 5s}' --set run.requests=600)
step=(--set 'output={trace: {format: chrome, step: 130ms}}')
# a real model, whose phones compute what they route by
routed=(--set run.requests=200 --set 'policies=[cartography]' --set "model=$SOURCE/model/zoo/depth-12.safetensors"
    --set 'workload.data={task: depth, names: one, samples: 200, part: dev}' --set execute=once)
# radios that sleep, connections that are set up, executions with a fixed cost
asleep=(--set run.requests=1500 --set workload.arrivals.rate=0.05/s
    --set 'platform.network={connection: {transport: tcp, tls: yes, keep_alive: 5s}}'
    --set platform.cells.lte.radio=states --set 'platform.sites.0.server={like: edge-xeon, call: 2ms}')
sparse=(--set "platform=$SOURCE/platforms/one-phone.yaml" --set workload.arrivals.rate=1/h --set run.requests=100)
if command -v python3 >/dev/null; then
    for world in crowded hidden closed routed asleep sparse; do
        declare -n changes=$world
        run 0 run "$quick" --set run.warmup=0 "${step[@]}" "${changes[@]}" --out "chrome-$world" -q
        for trace in "chrome-$world"/trace-*.json; do
            checks=$((checks + 1))
            python3 "$chrome" "$trace" "chrome-$world/summary.json" "chrome-$world/requests.csv" >said 2>&1 ||
                fail "$trace: $(tail -n 1 said)"
        done
    done
    check "routers are seen to compute" grep -q '"name":"router"' chrome-routed/trace-cartography.json
    check "nothing failed in the crowd, so failures are untested" grep -q queue-full chrome-crowded/trace-random.json
    # The checker itself: it must see a wrong duration, a missing end and a wrong counter.
    good=chrome-closed/trace-confidence.json
    sees() {
        sed "$1" "$good" >tampered.json
        refuse "the checker missed $2" cmp -s "$good" tampered.json
        refuse "the checker missed $2" python3 "$chrome" tampered.json chrome-closed/summary.json chrome-closed/requests.csv
    }
    sees '0,/"dur":[0-9.]*/s//"dur":1e9/' "crossing spans"
    sees '0,/"ph":"e"/s//"ph":"n"/' "a phase without end"
    sees '0,/"utilization","pid":4,"ts":[1-9][0-9]*,"args":{"%":/s//&9/' "a wrong counter"
    sees '0,/"outcome":"answered"/s//"outcome":"failed"/' "another outcome"
else
    echo "skipped: Chrome traces by an independent script (python3 is not installed)"
fi

# columns NAMES POLICY FILE: sum of columns of requests.csv over a policy.
columns() {
    awk -F, -v names="$1" -v p="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if (index(" " names " ", " " $i " ")) wanted[i] }
        $1 == p { for (i in wanted) sum += $i } END { printf "%.4f\n", sum }' "$3"
}
waits="wait_phone_s wait_edge_s wait_cloud_s"

# what a message is held for, and its way
sending='sending|promotion|turn|connection'

# States of a type and value (a pattern) in pj_dump's output.
states() {
    awk -F', ' -v t="$1" -v v="^($2)\$" '$1 == "State" && $3 == t && $8 ~ v { sum += $6 } END { printf "%.4f\n", sum }' dump
}

if command -v pj_dump >/dev/null; then
    run 0 run "$quick" --set run.warmup=0 --set 'output={trace: paje}' "${crowded[@]}" --out paje -q
    for policy in cloud-only random confidence; do
        rows=paje/requests.csv
        check "pj_dump refuses $policy" pj_dump -l 9 "paje/trace-$policy.paje"
        pj_dump -l 9 "paje/trace-$policy.paje" >dump 2>warnings
        check "pj_dump warns: $(head -n 2 warnings)" test ! -s warnings
        check "states of lives" test "$(states Life request)" = "$(columns latency_s $policy $rows)"
        check "states of queues" test "$(states Life queued)" = "$(columns "$waits" $policy $rows)"
        check "states of executions" test "$(states Life computing)" = "$(columns compute_s $policy $rows)"
        check "states of cores" test "$(states Work computing)" = "$(columns compute_s $policy $rows)"
        check "states of messages" test "$(states Life "$sending")" = "$(columns network_s $policy $rows)"
    done
else
    echo "skipped: Paje by pj_dump (Debian's package pajeng is not installed)"
fi

# total EVENTS COLUMN FILE: EVENTS is a pattern; count and sum over the rows of a CSV trace.
total() {
    awk -F, -v e="^($1)\$" -v c="$2" '$1 ~ e { sum += $c } END { printf "%.4f\n", sum }' "$3"
}
run 0 run "$quick" --set run.warmup=0 --set 'output={trace: csv}' "${crowded[@]}" --out csv -q
for policy in cloud-only random confidence; do
    trace=csv/trace-$policy.csv
    check "rows have 16 columns" test "$(awk -F, 'NF != 16' "$trace" | wc -l)" -eq 0
    check "every request arrives" test "$(grep -c '^arrived,' "$trace")" -eq 1500
    check "and ends" test "$(grep -cE '^(answered|failed),' "$trace")" -eq 1500
    check "waits of no time are written too" test "$(grep -c '^queued,' "$trace")" -eq "$(awk -F, -v p=$policy \
        '$1 == p { for (i = 8; i <= 10; i++) n += $i != "" } END { print n }' csv/requests.csv)"
    check "some had no time" test "$(awk -F, '$1 == "queued" && $3 == 0' "$trace" | wc -l)" -gt 10
    check "waiting" test "$(total queued 3 "$trace")" = "$(columns "$waits" $policy csv/requests.csv)"
    check "computing" test "$(total computing 3 "$trace")" = "$(columns compute_s $policy csv/requests.csv)"
    check "sending" test "$(total "$sending" 3 "$trace")" = "$(columns network_s $policy csv/requests.csv)"
done

# ---- Radios that sleep, connections, calls: each is read back from each format (Chrome's above) ----

run 0 run "$quick" --set run.warmup=0 --set 'output={trace: csv}' "${asleep[@]}" --out asleep-csv -q
held() { # of a policy: each kind of phase that a message is held for, and the call within computing
    local trace=asleep-csv/trace-$1.csv rows=asleep-csv/requests.csv
    check "promotions of $1" test "$(total promotion 3 "$trace")" = "$(columns promotion_s "$1" $rows)"
    check "connections of $1" test "$(total connection 3 "$trace")" = "$(columns connection_s "$1" $rows)"
    check "calls of $1" test "$(total call 3 "$trace")" = "$(columns call_s "$1" $rows)"
    check "what is held and sent is the network's time, $1" test "$(awk -F, \
        '$1 ~ /^(promotion|turn|connection|sending)$/ { sum += $3 } END { printf "%.4f\n", sum }' "$trace")" = \
        "$(columns network_s "$1" $rows)"
}
for policy in cloud-only random confidence; do held $policy; done
for what in promotion turn connection call; do
    check "there is no $what to be read" test "$(grep -c "^$what," asleep-csv/trace-confidence.csv)" -gt 10
done
check "a policy that sends nothing wakes no radio" test "$(grep -c '^radio,' asleep-csv/trace-phone-only.csv)" -eq 0

run 0 run "$quick" --set run.warmup=0 --set 'output={trace: csv}' "${asleep[@]}" \
    --set 'output.trace={format: csv, every: 10}' --out asleep-tenth -q
radios() { awk -F, '$1 == "radio" && $4 % 10 == 0' "$1"; }
check "a sample's radios are those of the whole" cmp <(radios asleep-csv/trace-random.csv) <(radios asleep-tenth/trace-random.csv)
check "and no others" test "$(grep -c '^radio,' asleep-tenth/trace-random.csv)" -eq \
    "$(radios asleep-tenth/trace-random.csv | wc -l)"
check "power counts all" cmp <(grep '^power,' asleep-csv/trace-random.csv) <(grep '^power,' asleep-tenth/trace-random.csv)

if command -v pj_dump >/dev/null; then
    run 0 run "$quick" --set run.warmup=0 --set 'output={trace: paje}' "${asleep[@]}" --out asleep-paje -q
    pj_dump -l 9 asleep-paje/trace-confidence.paje >dump 2>warnings
    check "pj_dump warns: $(head -n 2 warnings)" test ! -s warnings
    trace=asleep-csv/trace-confidence.csv
    for what in promotion turn connection call sending; do
        check "states of $what" test "$(states Life $what)" = "$(total $what 3 $trace)"
    done
    for state in promoting active continuous-reception short-drx-tail long-drx-tail; do
        check "radios that are $state" test "$(states State $state)" = "$(awk -F, -v s=$state \
            '$1 == "radio" && $13 == s { sum += $3 } END { printf "%.4f\n", sum }' $trace)"
    done
fi

# ---- Sampling ----

short=(--set run.requests=1000 --set run.warmup=50)
run 0 run "$quick" "${short[@]}" --out plain -q
run 0 run "$quick" "${short[@]}" --set 'output={trace: csv}' --out all -q -j 1
run 0 run "$quick" "${short[@]}" --set 'output={trace: csv}' --out again -q -j 5
same all again
check "a trace changes no other result" cmp plain/summary.json all/summary.json
check "a trace changes no request" cmp plain/requests.csv all/requests.csv
check "no trace where none is wanted" test -z "$(find plain -name 'trace*')"
check "warm-up requests have numbers below 0" test "$(grep -c '^arrived,[^,]*,[^,]*,-' all/trace-random.csv)" -eq 50

counters() { grep -E '^(queue|utilization|power|load),' "$1"; }
run 0 run "$quick" "${short[@]}" --set 'output={trace: {format: csv, every: 100}}' --out sampled -q
check "each hundredth" test "$(grep '^arrived,' sampled/trace-random.csv | cut -d, -f4 | tr '\n' ' ')" = \
    "0 100 200 300 400 500 600 700 800 900 "
# but for lanes, which are fewer
lives() { awk -F, -v OFS=, '$4 != "" && $4 % 100 == 0 && $4 >= 0 { $7 = ""; print }' "$1"; }
check "a sample's lives are those of the whole" cmp <(lives all/trace-random.csv) <(lives sampled/trace-random.csv)
check "counters count what is not sampled" cmp <(counters all/trace-random.csv) <(counters sampled/trace-random.csv)
run 0 run "$quick" "${short[@]}" --set 'output={trace: {format: csv, window: [2s, 4500ms]}}' --out window -q
check "a window's arrivals are those of the whole trace" cmp \
    <(awk -F, '$1 == "arrived" && $2 >= 2 && $2 < 4.5 { print $2, $4 }' all/trace-random.csv) \
    <(awk -F, '$1 == "arrived" { print $2, $4 }' window/trace-random.csv)
check "a window's lives end" test "$(grep -c '^arrived' window/trace-random.csv)" -eq \
    "$(grep -c '^answered' window/trace-random.csv)"
check "a window's counters" test "$(counters window/trace-random.csv | cut -d, -f2 | sort -u | tr '\n' ' ')" = "2 3 4 "
check "its last step is half as long" test "$(counters window/trace-random.csv | awk -F, '$2 == 4 { print $3 }' | sort -u)" = 0.5
run 0 run "$quick" "${short[@]}" --set 'output={trace: {format: csv, window: [1d, 2d]}}' --out late -q
check "a window behind the run is empty" test "$(wc -l <late/trace-random.csv)" -eq 1

# ---- Names ----

run 0 run "$quick" "${short[@]}" --set 'output={trace: {format: csv, every: 500}}' \
    --set 'policies=[{patience: {patience: 2, exits: all}}, {patience: {patience: 3, exits: all}}]' --out names -q
check "a label with commas" test -f 'names/trace-patience(patience=3,exits=all).csv'
run 0 run "$quick" "${short[@]}" --set 'output.trace={format: none}' --out none -q
check "none" test -z "$(find none -name 'trace*')"

finish
