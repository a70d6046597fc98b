# Measured against fitted service times; on the line they are the same. Variables: series.
set xlabel 'measured (ms, logarithmic)'
set ylabel 'fitted (ms, logarithmic)'
plot x with lines lc rgb other_color dt solid lw 1 notitle, \
    for [i=1:|series|] data \
        using (strcol('series') eq series[i] ? 1000*column('measured_s') : NaN):(1000*column('fitted_s')) \
        with points lt i notitle
