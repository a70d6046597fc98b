# A row of means with 95 % intervals, over lines of four figures.
{ for (i = 1; i <= 4; i++) value[i, NR] = $i }
END {
    split("2 2 3 1", digits, " ")
    printf "| %s", name
    for (i = 1; i <= 4; i++) {
        for (k = 1; k <= NR; k++) figures[k] = value[i, k]
        printf " | %s", interval(figures, NR, digits[i])
    }
    print " |"
}
