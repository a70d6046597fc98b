#!/usr/bin/env bash
# The threshold sweep over the table of a 12-exit BERT (in $PORTOLAN_DATA) against a replay of that table by awk: at every
# threshold, accuracy and mean exit of stopping at the first exit whose confidence reaches it.
data=${PORTOLAN_DATA:-}
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

table=$data/exits/sst2_dev_bert12exits_df.csv
[ -n "$data" ] && [ -f "$table" ] || {
    echo "skipped: PORTOLAN_DATA does not hold exits/sst2_dev_bert12exits_df.csv"
    exit 77
}
export PORTOLAN_DATA=$data

# One pass over the 872 samples.
run 0 sweep "$SOURCE/scenarios/sweeps/threshold-bert.yaml" --set run.requests=872 --out out -q

# threshold, accuracy and mean exit of each point, as the sweep found them and as the table says.
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["policy"] == "confidence" { print $at["policies.confidence.threshold"], $at["accuracy"], $at["exit_mean"] }' \
    out/points.csv >found
cut -d' ' -f1 found | awk -F, '
    NR == FNR { thresholds[++n] = $1; next }
    FNR > 1 { confidence[$1, $2] = $3; right[$1, $2] = $4 == $5; if ($1 > last) last = $1 + 0 }
    END {
        for (i = 1; i <= n; i++) {
            sum = exits = 0
            for (s = 0; s <= last; s++) {
                e = 0
                while (e < 11 && confidence[s, e] < thresholds[i]) e++
                sum += right[s, e]
                exits += e + 1
            }
            printf "%s %.9g %.9g\n", thresholds[i], sum / (last + 1), exits / (last + 1)
        }
    }' - "$table" >wanted
check "50 thresholds" test "$(wc -l <found)" -eq 50
check "the sweep differs from the replay: $(diff found wanted | head -n 4)" cmp found wanted

# Some of them, as noted with the table, whose last digit is rounded.
while read -r threshold accuracy exits; do
    check "accuracy at $threshold is not $accuracy" \
        awk -v t="$threshold" -v a="$accuracy" -v e="$exits" \
        '$1 == t { good = ($2 - a)^2 < 0.00051^2 && ($3 - e)^2 < 0.051^2 } END { exit !good }' found
done <<'ROWS'
0.7 0.867 3.3
0.8 0.880 4.7
0.85 0.885 5.7
0.9 0.895 7.0
0.95 0.899 9.0
0.99 0.903 11.4
ROWS

finish
