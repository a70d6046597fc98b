# What the tests of the command share. ctest sets PORTOLAN (the command), JSON_GET (json_get.c) and SOURCE (the
# repository). A test works in a folder of its own, goes on after a failure, and ends with `finish`.
# shellcheck shell=bash
set -uo pipefail

: "${PORTOLAN:?}" "${JSON_GET:?}" "${SOURCE:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/portolan-cli-XXXXXX")
trap 'cd /; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset PORTOLAN_DATA
failures=0
checks=0
context=

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*" >&2
    [ -z "$context" ] || printf '  after: %s\n' "$context" >&2
    [ ! -s stderr ] || head -c 1500 stderr | sed 's/^/  stderr: /' >&2
}

# check DESCRIPTION COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" >/dev/null 2>&1 || fail "$what"
}

# refuse DESCRIPTION COMMAND...: the command must fail.
refuse() {
    local what=$1
    shift
    checks=$((checks + 1))
    ! "$@" >/dev/null 2>&1 || fail "$what"
}

# run STATUS ARGUMENT...: runs portolan, whose output is then in the files stdout and stderr.
run() {
    local wanted=$1 status=0
    shift
    context="portolan $*"
    checks=$((checks + 1))
    "$PORTOLAN" "$@" >stdout 2>stderr </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status, wanted $wanted"
    ! grep -qiE 'sanitizer|runtime error|backtrace|terminate called|core dumped|assertion' stderr || fail "it crashed"
}

# start ARGUMENT...: portolan in the background, its process in $pid, with Ctrl-C at work as in the foreground.
start() {
    context="portolan $*"
    env --default-signal=INT,QUIT "$PORTOLAN" "$@" >stdout 2>stderr </dev/null &
    pid=$!
}

# ends STATUS: what was started ends with it.
ends() {
    local status=0
    checks=$((checks + 1))
    wait "$pid" || status=$?
    [ "$status" -eq "$1" ] || fail "status $status, wanted $1"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

children_of() {
    cat "/proc/$1/task/$1/children" 2>/dev/null
}

has_child() {
    [ -n "$(children_of "$1")" ]
}

# says TEXT: standard error of the last run contains it.
says() {
    check "stderr lacks: $1" grep -qF -- "$1" stderr
}

# prints TEXT: standard output of the last run contains it.
prints() {
    check "stdout lacks: $1" grep -qF -- "$1" stdout
}

silent() {
    check "standard output is not empty" test ! -s stdout
    check "standard error is not empty" test ! -s stderr
}

# column NAME FILE.csv: its number, from 1, by which awk finds it.
column() {
    head -n 1 "$2" | tr , '\n' | grep -nx -- "$1" | cut -d: -f1
}

# json FILE PATH VALUE: the value at a path of a JSON file.
json() {
    local found
    checks=$((checks + 1))
    found=$("$JSON_GET" "$1" "$2" 2>&1) || true
    [ "$found" = "$3" ] || fail "$1: $2 is '$found', wanted '$3'"
}

# same FOLDER FOLDER: byte for byte, but for manifest.json.
same() {
    check "$1 and $2 differ: $(diff -rq --exclude=manifest.json "$1" "$2" 2>&1 | head -n 3)" \
        diff -rq --exclude=manifest.json "$1" "$2"
}

finish() {
    printf '%d checks, %d failures\n' "$checks" "$failures"
    [ "$failures" -eq 0 ]
    exit
}
