#!/usr/bin/env bash
# Do the paper's unit-less cost and simulated time rank policies alike? Runs the zoo's model in three worlds (a city on LTE,
# the same with small, busy edge servers, a village on 3G), prints both ranks, and draws both against each other.
#
#     scenarios/headline/cost-and-time.sh [FOLDER]
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."
portolan=${PORTOLAN:-build/portolan} out=${1:-results/cost-and-time}
case $out in results/* | /*) ;; *) out=$here/$out ;; esac
[ ! -e "$out" ] || { echo "$out exists; remove it or name another folder" >&2; exit 2; }
mkdir -p "$out"

policies='[cloud-only, edge-only, phone-only, random, confidence: {threshold: 0.8, escalate: tokens}, cartography, oracle-cost]'
world() {
    local name=$1
    shift
    "$portolan" run scenarios/quickstart.yaml -q --set "policies=$policies" --set output.requests=none --out "$out/$name" "$@"
}
world city
world busy-edge --set platform.sites.edge.server=test-edge --set workload.arrivals.rate=15/s
world village --set platform=platforms/rural-3g.yaml

# name, cost, mean latency in ms, and the ranks of both
for name in city busy-edge village; do
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { print $1, $(column["cost"]), 1000 * $(column["latency_mean_s"]) }' "$out/$name/summary.csv" |
        sort -k2,2g | awk '{ print $0, NR }' | sort -k3,3g | awk '{ print $0, NR }' >"$out/$name.txt"
    printf '\n%s\n\n| policy | cost | mean latency, ms | rank by cost | rank by latency |\n|---|---|---|---|---|\n' "$name"
    awk '{ printf "| %s | %.3f | %.1f | %d | %d |\n", $1, $2, $3, $4, $5 }' "$out/$name.txt"
done | tee "$out/ranks.md"

# A line a policy: its name, then its rank by cost and by latency in each world.
for name in city busy-edge village; do sort "$out/$name.txt" | awk '{ print $1, $4, $5 }' >"$out/$name.ranks"; done
paste -d' ' "$out"/{city,busy-edge,village}.ranks | awk '{ print $1, $2, $3, $6, $9 }' >"$out/ranks.txt"
cat >"$out/cost-and-time.gp" <<'G'
set terminal svg size 640,340 font "sans,13" background "white"
set output "cost-and-time.svg"
set xrange [0.1:4.3]
set yrange [7.5:0.5]
set xtics ("cost" 1, "city" 2, "busy edge" 3, "village" 4) scale 0
unset ytics
unset border
set title "Rank by cost, and by mean latency in three worlds (best above)"
array colors[7] = ["#1f3a93", "#d95f02", "#1b9e77", "#7570b3", "#666666", "#e7298a", "#a6761d"]
unset key
plot for [k = 0:6] "ranks.txt" every ::k::k using (1):2:1 with labels right offset -1,0 textcolor rgb colors[k + 1], \
     for [k = 0:6] "< awk 'NR == ".(k + 1)." { for (i = 2; i <= 5; i++) print i - 1, $i }' ranks.txt" \
         with linespoints lw 2.5 pt 7 ps 0.9 dt k + 1 lc rgb colors[k + 1]
G
(cd "$out" && gnuplot cost-and-time.gp)
echo "picture: $out/cost-and-time.svg" >&2
