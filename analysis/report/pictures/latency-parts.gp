# Where the time goes: a bar a policy (see bars.gp).
set xlabel 'mean latency (ms)'
plot for [k=1:|parts|] data using (1000*of(k, 'from')):'row':(1000*column('from')):(1000*column('to')):(low(column('row'))):(high(column('row'))) \
    with boxxyerror lc rgb color(roles[k]) dt solid lw 0.5 notitle
