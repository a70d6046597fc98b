#!/usr/bin/env bash
# What is given to Slurm's programs, by stand-ins that write their arguments down and run the tasks themselves: no shell
# reads a value, whatever stands in the store, in --out or in another option.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir programs
cat >programs/sbatch <<SH
#!/bin/sh
for word in "\$@"; do printf '<%s>' "\$word"; done >>$work/asked
echo >>$work/asked
[ -z "\${REFUSE:-}" ] || { printf '%b' "\$REFUSE" >&2; exit 1; }
last=\$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "\$2")
for task in \$(seq 0 "\$last"); do SLURM_ARRAY_TASK_ID=\$task sh "\$2" >/dev/null 2>&1; done
printf '%b\n' "\${ANSWER:-17}"
SH
cat >programs/squeue <<SH
#!/bin/sh
for word in "\$@"; do printf '<%s>' "\$word"; done >>$work/asked
echo >>$work/asked
SH
chmod +x programs/sbatch programs/squeue
PATH=$work/programs:$PATH

cat >scenario.yaml <<YAML
name: fake
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 5/s}}
model: {synthetic: {samples: 50}}
policies: [phone-only, confidence]
run: {requests: 20}
YAML
cat >sweep.yaml <<YAML
name: fake
scenario: scenario.yaml
axes: {policies.confidence.threshold: {from: 0.5, to: 0.9, steps: 3}}
seeds: 2
YAML
run 0 sweep sweep.yaml --out whole -q

# slurm STATUS DIR OPTION...
slurm() {
    local status=$1 folder=$2
    shift 2
    : >asked
    run "$status" sweep sweep.yaml --out "$folder" --engine slurm --chunk 2 -q "$@"
}

# nothing_ran: no value has become a command.
nothing_ran() {
    check "a value was run by a shell" test -z "$(find . -name 'pwned*')"
}

# ---- Arguments ----

slurm 0 out
check "sbatch is asked" grep -qxF "<--parsable><$work/out/slurm/array.sh>" asked
check "squeue is asked" grep -qxF "<-h><-r><-j><17><-o><%K>" asked
check "the table differs from a local sweep's" cmp out/points.csv whole/points.csv
check "parts were left behind" test -z "$(find out/slurm -name '*.sqlite*')"

nasty="it's \$(touch pwned1); touch pwned2 \`touch pwned3\` 100%a"
slurm 0 "$nasty" --set 'policies.confidence.as=a(b)'
check "a folder of any name" grep -qxF "<--parsable><$work/$nasty/slurm/array.sh>" asked
check "the table of a folder of any name" cmp <(sed 's/a(b)/confidence/' "$nasty/points.csv") whole/points.csv
check "percent signs are doubled" grep -q '^#SBATCH --output=.*100%%a/slurm/task-%a.log"$' "$nasty/slurm/array.sh"
nothing_ran
slurm 0 -dash
check "a folder is no option" grep -qxF "<--parsable><$work/-dash/slurm/array.sh>" asked

# ---- What has no place in the script ----

slurm 2 $'line\n#SBATCH --wrap=touch pwned4'
says '--out holds the control character \x0a'
slurm 2 $'escape\033[2J'
says '--out holds the control character \x1b'
slurm 2 'a"b'
says 'no quotation mark'
slurm 2 new --sbatch=$'--time=1\ntouch pwned5'
says '--sbatch holds the control character \x0a'
slurm 2 new --set $'name=x\ttouch pwned6'
check "sbatch was asked" test ! -s asked
check "something was written" test ! -e new
nothing_ran

# ---- What Slurm answers ----

REFUSE='sbatch: error: \033[31mno\n' slurm 1 refused
says "sbatch has not taken the job: sbatch: error:"
refuse "an escape sequence reaches the terminal" grep -q $'\033' stderr
for answer in 'abc' '17 18' '-17' '17\n$(touch pwned7)' '123456789012345678901234567890'; do
    rm -rf answered
    ANSWER=$answer slurm 1 answered
    says "sbatch gave no job number"
done
ANSWER='18;cluster' slurm 0 cluster
check "a number with its cluster" grep -qF "<-j><18>" asked
nothing_ran

# ---- The store's note, and the list of points ----

if command -v sqlite3 >/dev/null; then
    for note in '1; touch pwned8' '$(touch pwned9)' '-17' '99999999999999999999' '1 2' 'a'; do
        rm -rf noted
        cp -r out noted
        sqlite3 noted/sweep.sqlite "INSERT OR REPLACE INTO notes VALUES('slurm job', '$note')"
        slurm 1 noted --resume
        says "noted/sweep.sqlite: table notes, 'slurm job' is '$note', which is no job number of Slurm"
        check "squeue was asked" test ! -s asked
    done
    nothing_ran
else
    echo "skipped: the store's note (sqlite3 is not installed)"
fi

# points TEXT ERROR: a task with this list of points is refused.
points() {
    printf '%b' "$1" >out/slurm/points
    run 2 sweep sweep.yaml --out out --task 0
    says "out/slurm/points:$2"
}
points '' '1:1: a number of points is wanted'
points '0\n' '1:1: a number of points is wanted'
points '-2\n1\n' '1:1: a number of points is wanted'
points '99999999999999999999999\n' '1:1: a number of points is wanted'
points '2\n6\n' '2:1: the number of a point is wanted, from 0 to 5'
points '2\n0\nx\n' '3:1: the number of a point is wanted'
points '2\n0\n1' '3:1: the number of a point is wanted'
points '1\n0\n1\n2\n3\n4\n5\n0\n' '8:1: the number of a point is wanted, from 0 to 5, each once'

finish
