# A row of means with 95 % intervals by Student's t, over lines of four figures.
BEGIN {
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", quantile, " ")
    split("2 2 3 1", digits, " ")
}
{ for (i = 1; i <= 4; i++) value[i, NR] = $i }
END {
    printf "| %s", name
    for (i = 1; i <= 4; i++) {
        mean = squares = 0
        for (k = 1; k <= NR; k++) mean += value[i, k] / NR
        for (k = 1; k <= NR; k++) squares += (value[i, k] - mean) ^ 2
        printf " | %.*f", digits[i], mean
        if (NR > 1) printf " ± %.*f", digits[i], quantile[NR - 1] * sqrt(squares / (NR - 1) / NR)
    }
    print " |"
}
