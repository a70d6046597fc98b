#!/usr/bin/env bash
# What scripts/demo and scripts/test share: which Debian packages Portolan needs, how to install those that
# are missing, and how to configure and build without noise. To be sourced.
set -euo pipefail

# To build and run. libc6-dev is only recommended by gcc, and recommended packages are left out.
# shellcheck disable=SC2034  # used by the scripts that source this one
BUILD_PACKAGES=(gcc g++ libc6-dev cmake make pkg-config libsimgrid-dev libopenblas-dev libyaml-dev libjansson-dev libmd-dev
    libsqlite3-dev libutf8proc-dev gnuplot-nox)

say() {
    printf '%s\n' "$*" >&2
}

# quietly LOG COMMAND...: runs COMMAND with all its output added to LOG, and shows LOG's end if it fails.
quietly() {
    local log=$1 status=0
    shift
    "$@" >>"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$log" >&2
        say "failed with status $status: $*"
        say "the whole log: $(realpath "$log")"
    fi
    return "$status"
}

# is_installed NAME: whether dpkg has it, unpacked and configured.
is_installed() {
    local status
    status=$(dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null) || return 1
    [[ $status == *"install ok installed"* ]]
}

# need_packages NAME...: installs those that are missing, as root or through a sudo that asks for no
# password. Otherwise says what to install and exits 2. PORTOLAN_SKIP_PACKAGES=1 leaves the system alone.
need_packages() {
    local name log status=0 missing=() as_root=()
    [ "${PORTOLAN_SKIP_PACKAGES:-0}" = 1 ] && return
    if ! command -v dpkg-query >/dev/null; then
        say "This is not a Debian system; going on with what is here. Needed, by their Debian names: $*"
        return
    fi
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return

    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            say "These Debian packages are missing: ${missing[*]}"
            say "Install them, then start again:"
            say "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
            exit 2
        fi
        as_root=(sudo -n)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)

    say "Installing Debian packages (once, a minute or two): ${missing[*]}"
    log=$(mktemp)
    # Where only some foreign source cannot be refreshed, the installation can still succeed.
    "${as_root[@]}" update >>"$log" 2>&1 </dev/null || say "apt-get update failed; trying with the lists at hand"
    quietly "$log" "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" || status=$?
    [ "$status" -eq 0 ] || exit 2
    rm -f "$log"
}

# build PRESET FOLDER: configures the current directory's project by a preset of CMakePresets.json, whose build folder is
# FOLDER, and builds it on all cores. The log is FOLDER/build.log.
build() {
    local preset=$1 folder=$2 home
    mkdir -p "$folder"
    # A folder configured before the sources were moved or copied is of no use to CMake: start it again.
    if [ -f "$folder/CMakeCache.txt" ]; then
        home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
        [ "$home" -ef . ] || rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
    fi
    say "Building in $folder/"
    : >"$folder/build.log"
    quietly "$folder/build.log" cmake --preset "$preset"
    quietly "$folder/build.log" cmake --build "$folder" --parallel "$(nproc)"
}
