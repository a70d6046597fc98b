#!/usr/bin/env bash
# Every YAML file that comes with Portolan works, or says that it needs PORTOLAN_DATA, from the repository and from an
# installed tree that was moved. There the quickstart runs with its report, and a program is built against the library.
# shellcheck source=tests/cli/lib.sh
data=${PORTOLAN_DATA:-}
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${BUILD:?}" "${CMAKE:?}"

# needs_data FILE: the last command told of PORTOLAN_DATA, by status and message. What else failed is a failure.
needs_data() {
    [ "$status" -ne 0 ] || return 1
    [ "$status" -eq 2 ] || fail "status $status"
    says "needs the environment variable PORTOLAN_DATA, which is not set"
}

# try COMMAND...: like `run`, but the status is left to the caller, in `status`.
try() {
    context="portolan $*"
    status=0
    "$PORTOLAN" "$@" >stdout 2>stderr </dev/null || status=$?
}

# with_data COMMAND...: the command must succeed where PORTOLAN_DATA is set.
with_data() {
    [ -n "$data" ] || return
    export PORTOLAN_DATA=$data
    run 0 "$@"
    unset PORTOLAN_DATA
}

# every_file FOLDER: checks each of the folder's YAML files, and runs the scenarios among them, with few requests.
every_file() {
    local folder=$1 file count=0 few=(-q --set run.requests=200 --set run.warmup=10 --out out)
    for file in "$folder"/{platforms,workloads,scenarios,scenarios/*}/*.yaml; do
        count=$((count + 1))
        checks=$((checks + 1))
        try check "$file"
        needs_data && with_data check "$file"
        case $file in
        */scenarios/*.yaml | */headline/*.yaml)
            [[ $file != */sweeps/* && $file != */training/* ]] || continue
            try run "$file" "${few[@]}"
            needs_data && with_data run "$file" "${few[@]}"
            rm -rf out
            ;;
        esac
    done
    check "only $count YAML files in $folder" test "$count" -ge 30
}

every_file "$SOURCE"

# ---- Installed, and moved ----

"$CMAKE" --install "$BUILD" --prefix "$work/first" >stdout 2>stderr || fail "cmake --install"
mv first moved
PORTOLAN=$work/moved/bin/portolan
data= # once is enough
mkdir empty
cd empty || exit 1
run 0 run "$work/moved/share/portolan/scenarios/quickstart.yaml" --report
check "no report" test -s results/quickstart/report.html
every_file "$work/moved/share/portolan"

# A program that runs a scenario by sim/sim.h alone, and one that includes every installed header. Instrumented libraries
# would need the sanitizers' flags.
if command -v gcc >/dev/null && command -v pkg-config >/dev/null &&
    ! grep -q 'PORTOLAN_SANITIZE:BOOL=ON' "$BUILD/CMakeCache.txt"; then
    cat >program.c <<'EOF_C'
#include "sim/sim.h"
int main(int argc, char **argv) {
    scenario s;
    run_report report;
    portolan_error err = {0};
    if (argc != 2 || !scenario_load(&s, argv[1], NULL, &err)) return error_print(&err, stderr), 1;
    if (!scenario_run(&s, &(run_options){.out = "out", .quiet = true}, &report, &err)) return error_print(&err, stderr), 1;
    print_summary_table(&s, &report, stdout, MARKS_NONE);
    run_report_free(&report);
    scenario_free(&s);
}
EOF_C
    (cd "$work/moved/include/portolan" && find . -name '*.h' -printf '#include "%P"\n' | sort) >headers.c
    libraries=$(find "$work/moved" -name pkgconfig)
    flags=$(PKG_CONFIG_PATH=$libraries pkg-config --cflags --libs portolan) || fail "pkg-config"
    # shellcheck disable=SC2086  # flags are words
    {
        gcc -std=c17 -fsyntax-only headers.c $flags >stdout 2>stderr || fail "the installed headers"
        gcc -std=c17 program.c $flags -o program >stdout 2>stderr || fail "a program with the installed library"
    }
    ./program "$work/moved/share/portolan/scenarios/synthetic.yaml" >stdout 2>stderr || fail "the program"
    prints "oracle-cost"
fi
finish
