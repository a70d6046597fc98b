# The Pareto front of a sweep: all policies at all settings, with intervals. Variables: count (of policies; 0: more than there
# are line types, so that all points look the same); x_title, y_title.
set xlabel x_title; set ylabel y_title
of(i, c) = (count == 0 || column('line') == i) && column('line') > 0 ? column(c) : NaN
sure(i, c) = column('sure') == 1 ? of(i, c) : NaN
plot data using (column('line') == 0 ? column('x') : NaN):'y' with lines lc rgb faint dt (4,4) lw 1.5 notitle, \
     for [i=1:(count ? count : 1)] data \
         using (of(i, 'x')):(of(i, 'y')):(of(i, 'xlow')):(of(i, 'xhigh')):(of(i, 'ylow')):(of(i, 'yhigh')) \
         with xyerrorbars lt (count ? i : 8) pt 6 notitle, \
     for [i=1:(count ? count : 1)] data using (sure(i, 'x')):(sure(i, 'y')) with points lt (count ? i : 8) pt 7 notitle
