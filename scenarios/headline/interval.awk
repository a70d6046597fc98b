# "mean ± half the 95 % interval" by Student's t, of values[1 .. n], n at most 10, with that many digits.
function interval(values, n, digits,    i, mean, squares, quantile) {
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", quantile, " ")
    for (i = 1; i <= n; i++) mean += values[i] / n
    for (i = 1; i <= n; i++) squares += (values[i] - mean) ^ 2
    if (n < 2) return sprintf("%.*f", digits, mean)
    return sprintf("%.*f ± %.*f", digits, mean, digits, quantile[n - 1] * sqrt(squares / (n - 1) / n))
}
