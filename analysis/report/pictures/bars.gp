# What pictures of bars share: a policy a row, its parts one after the other. Variables: policies (as labels of tics); parts,
# and roles (of the parts, for their colours).
set yrange [|policies| + 0.5:0.5]
set ytics () scale 0
set for [i=1:|policies|] ytics add (policies[i] i)
set grid noytics
of(k, c) = strcol('part') eq parts[k] ? column(c) : NaN
low(row) = row - 0.36
high(row) = row + 0.36
