# Accuracy against what it costs: a point a policy, with intervals, and the front. Variables: policies; x_column, x_scale (from
# the data to the axis), x_title; named (1: too many for line types of their own; those on the front are named).
set xlabel x_title
set ylabel 'accuracy (%)'
x(c) = x_scale*column(c)
y(c) = 100*column(c)
end(c) = strcol(c) eq '-' ? y('accuracy') : y(c) # no interval
x_low_end = x_column . '_low'
x_high_end = x_column . '_high'
is_on_front(c) = column('front') == 1 ? x(c) : NaN
of(i) = strcol('policy') eq policies[i] ? x(x_column) : NaN

if (named) {
    plot data using (is_on_front(x_column)):(y('accuracy')) smooth unique with steps lc rgb faint dt (4,4) lw 1.5 notitle, \
        data using (x(x_column)):(y('accuracy')):(x(x_low_end)):(x(x_high_end)):(end('accuracy_low')):(end('accuracy_high')) \
            with xyerrorbars lt 8 pt 7 dt solid lw 1 notitle, \
        data using (is_on_front(x_column)):(y('accuracy')):(strcol('policy')) \
            with labels offset 0.6,0.4 left font ',12' textcolor rgb ink notitle
} else {
    plot data using (is_on_front(x_column)):(y('accuracy')) smooth unique with steps lc rgb faint dt (4,4) lw 1.5 notitle, \
        for [i=1:|policies|] \
        data using (of(i)):(y('accuracy')):(x(x_low_end)):(x(x_high_end)):(end('accuracy_low')):(end('accuracy_high')) \
            with xyerrorbars lt i dt solid lw 1.2 ps 0.8 notitle
}
