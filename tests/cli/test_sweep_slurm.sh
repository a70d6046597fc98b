#!/usr/bin/env bash
# A sweep on a real Slurm: one controller and one node on this machine, started here with a configuration of its own. 200
# points over two tasks at a time, a task killed, resumed: the table must be that of a local sweep, byte for byte.
# Skipped where such a Slurm cannot be started (not root, not installed).
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

skip() {
    echo "skipped: $*"
    exit 77
}

PATH=$PATH:/usr/sbin
[ "$(id -u)" -eq 0 ] || skip "slurmctld and slurmd are started as root here"
for program in slurmctld slurmd sbatch squeue scancel; do
    command -v "$program" >/dev/null || skip "$program is not installed (Debian: slurm-wlm)"
done

# ---- Slurm on one machine, without munge, systemd or control groups ----

slurm=$work/slurm
host=$(hostname -s)
port=$((20000 + RANDOM % 10000 * 2))
mkdir "$slurm" "$slurm/state" "$slurm/spool"
cat >"$slurm/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
ReturnToService=2
KillWait=1
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
echo "CgroupPlugin=cgroup/v1" >"$slurm/cgroup.conf"
export SLURM_CONF=$slurm/slurm.conf
slurmctld -D >"$slurm/slurmctld.log" 2>&1 &
controller=$!
slurmd -D >"$slurm/slurmd.log" 2>&1 &
node=$!
stop() {
    kill "$controller" "$node" 2>/dev/null
    wait "$controller" "$node" 2>/dev/null
    cd / && rm -rf "$work"
}
trap stop EXIT

for ((i = 0; i < 100; i++)); do
    timeout 2 sinfo -h -o %t 2>/dev/null | grep -q idle && break
    sleep 0.1
done
timeout 2 sinfo -h -o %t 2>/dev/null | grep -q idle ||
    skip "Slurm does not start here: $(grep -hi error "$slurm"/*.log | tail -n 2 | tr '\n' ' ')"

# ---- The sweep ----

cat >scenario.yaml <<YAML
name: cluster
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 5/s}}
model: {synthetic: {samples: 200}}
policies: [phone-only, confidence]
run: {requests: 500}
YAML
cat >sweep.yaml <<YAML
name: cluster
scenario: scenario.yaml
axes: {policies.confidence.threshold: {from: 0.5, to: 0.99, steps: 50}}
seeds: 4
YAML
run 0 sweep sweep.yaml --out whole -q

run 0 sweep sweep.yaml --out out --engine slurm --jobs 2 --dry-run --sbatch=--time=10
prints "200 points"
prints "#SBATCH --array=0-7%2"
prints "#SBATCH --time=10"
prints "sweep '$work/sweep.yaml' --quiet --jobs 1 --task \"\$SLURM_ARRAY_TASK_ID\" --out '$work/out'"
check "a dry run writes nothing" test ! -e out

# task_process: the process of a task that has begun to record points.
task_process() {
    local part
    for part in out/slurm/part-*; do
        [ -s "$part/sweep.sqlite-wal" ] || continue
        pgrep -o -f -- "--task ${part##*-} --out" && return
    done
    return 1
}
"$PORTOLAN" sweep sweep.yaml --out out --engine slurm --jobs 2 -q >stdout 2>stderr </dev/null &
pid=$!
for ((i = 0; i < 500; i++)); do
    victim=$(task_process) && break
    sleep 0.02
done
check "a task runs" test -n "${victim:-}"
kill -s KILL "$victim"
status=0
wait "$pid" || status=$?
context="a sweep of which a task was killed"
check "status $status, wanted 1" test "$status" -eq 1
says "are missing; --resume goes on"
check "points of other tasks are there" grep -q ',done,' out/points.csv
run 2 sweep sweep.yaml --out out --engine slurm
says "--resume"

# The parent is killed while the job of what was missing runs; the next parent collects that job.
"$PORTOLAN" sweep sweep.yaml --out out --engine slurm --jobs 2 --chunk 10 -q --resume >stdout 2>stderr </dev/null &
pid=$!
for ((i = 0; i < 500; i++)); do
    [ -n "$(squeue -h -t R 2>/dev/null)" ] && break
    sleep 0.02
done
kill -s KILL "$pid"
wait "$pid" 2>/dev/null
run 0 sweep sweep.yaml --out out --engine slurm --resume -q
silent
check "the table differs from a local sweep's" cmp <("$PORTOLAN" sweep --export csv --out out) whole/points.csv
check "parts were left behind" test -z "$(find out/slurm -name '*.sqlite*')"
"$PORTOLAN" sweep --export csv --timings --out out >timings.csv
check "no point was run twice" sh -c '! tail -n +2 timings.csv | grep -qv ",1$"'

# ---- What goes wrong ----

run 1 sweep sweep.yaml --out refused --engine slurm --sbatch=--partition=nowhere
says "sbatch has not taken the job"
status=0
PATH=/nowhere "$PORTOLAN" sweep sweep.yaml --out absent --engine slurm >stdout 2>stderr || status=$?
check "status $status without sbatch, wanted 1" test "$status" -eq 1
says "sbatch has not taken the job"

finish
