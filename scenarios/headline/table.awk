# Means over files of summary.csv, a file a training seed, with 95 % intervals by Student's t. Differences against
# cloud-only are within a seed, so the intervals of drop and saving are those of paired differences.
BEGIN {
    FS = ","
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", quantile, " ")
    split("accuracy drop cost cost_saving share_phone share_edge share_cloud", metrics, " ")
    split("100 1 1 100 100 100 100", scale, " ")
}
FNR == 1 {
    files++
    for (i = 1; i <= NF; i++) column[$i] = i
    next
}
{
    if (!($1 in seen)) order[++policies] = $1
    seen[$1] = 1
    for (m = 1; m <= 7; m++) value[$1, m, files] = $(column[metrics[m]]) * scale[m]
}
function cell(policy, m, digits,    i, mean, squares) {
    for (i = 1; i <= files; i++) mean += value[policy, m, i] / files
    for (i = 1; i <= files; i++) squares += (value[policy, m, i] - mean) ^ 2
    if (files < 2) return sprintf("%.*f", digits, mean)
    return sprintf("%.*f ± %.*f", digits, mean, digits, quantile[files - 1] * sqrt(squares / (files - 1) / files))
}
END {
    printf "\n%s, %d training seed%s\n\n", task, files, files == 1 ? "" : "s"
    print "| policy | accuracy % | drop, points | cost | saving % | phone % | edge % | cloud % |"
    print "|---|---|---|---|---|---|---|---|"
    for (p = 1; p <= policies; p++) {
        printf "| %s", order[p]
        for (m = 1; m <= 7; m++) printf " | %s", cell(order[p], m, m == 3 ? 3 : m > 3 ? 1 : 2)
        print " |"
    }
}
