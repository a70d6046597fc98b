# The share of answers that were back within a time: a curve a policy. Variables: policies.
set xlabel 'latency (ms, logarithmic)'
set ylabel 'share of answers'
plot for [i=1:|policies|] data using (1000*column('latency_s')):(strcol('policy') eq policies[i] ? column('share') : NaN) \
    with linespoints pointinterval -25 title policies[i]
