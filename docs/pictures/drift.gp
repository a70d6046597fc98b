# How policies that learn lose through a drift (docs/policies.md):
#   build-test/tests/sim/sim_learning drift >drift.tsv && gnuplot docs/pictures/drift.gp    writes drift.svg
set terminal svg size 700,320 font 'sans-serif,13' background '#ffffff' name 'drift'
set output 'drift.svg'
set datafile separator tab
set border 3 lc rgb '#999999'
set tics nomirror textcolor rgb '#222222'
set grid y lc rgb '#d9d9d9' lt 1
set logscale y
set yrange [1e-5:0.3]
set format y '10^{%T}'
set xlabel 'requests of one phone'
set ylabel 'lost against the best, a request'
set key off
set arrow from 30000, graph 0 to 30000, graph 1 nohead lc rgb '#999999' dt (4,4)
set label 'the world drifts' at 30600, graph 0.96 textcolor rgb '#222222'
set label 'splitee' at 45000, 0.13 textcolor rgb '#e69f00'
set label 'adaee' at 52000, 0.034 textcolor rgb '#0072b2'
set label 'hi-lcb' at 45000, 0.0048 textcolor rgb '#000000'
plot 'drift.tsv' using 1:2 skip 1 with lines lw 2 lc rgb '#0072b2', '' using 1:3 skip 1 with lines lw 2 lc rgb '#e69f00', \
     '' using 1:4 skip 1 with lines lw 2 lc rgb '#000000'
