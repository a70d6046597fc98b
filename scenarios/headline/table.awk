# Means over files of summary.csv, a file a training seed, with 95 % intervals by Student's t. Differences against
# cloud-only are within a seed, so the intervals of drop and saving are those of paired differences.
BEGIN {
    FS = ","
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
function cell(policy, m, digits,    i, figures) {
    for (i = 1; i <= files; i++) figures[i] = value[policy, m, i]
    return interval(figures, files, digits)
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
