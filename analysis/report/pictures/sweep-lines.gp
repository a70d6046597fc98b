# A metric along an axis of a sweep: a line with its band of intervals. Variables: count (of lines); x_title, y_title.
set xlabel x_title; set ylabel y_title
mine(i, c) = column('line') == i ? column(c) : NaN
plot for [i=1:count] data using (mine(i, 'x')):(mine(i, 'low')):(mine(i, 'high')) with filledcurves \
         lt i fs transparent solid 0.2 noborder notitle, \
     for [i=1:count] data using (mine(i, 'x')):(mine(i, 'mean')) with linespoints lt i notitle
