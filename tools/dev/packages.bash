# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Installs packages of Debian 12: need <package>… Part of ./dev.

can_be_root() { [[ $(id -u) == 0 ]] || { command -v sudo && sudo -n true; } >/dev/null 2>&1; }

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi; }

# A server among the packages is not started: invoke-rc.d and systemd's helper ask this file.
apt_install() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
    fi
    apt --no-install-recommends install "$@"
)

# apt <argument>…: apt-get, whose output is shown only when it fails.
apt() {
    local log
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
        rm "$log"
    else
        tail -n 20 "$log" >&2
        rm "$log"
        return 1
    fi
}

# need <package>…: installs what is missing of them.
need() {
    local package missing=()
    command -v dpkg-query >/dev/null || { check_tools; return; }
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ||
            " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]}"
    can_be_root || die "needs root, and sudo without a password is not available. Run this first:
    sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    # The package lists may be absent or too old: they are fetched only if it does not work without.
    if ! apt -s install "${missing[@]}" 2>/dev/null || ! apt_install "${missing[@]}"; then
        say "fetching the package lists"
        apt update || die "apt-get update failed; is there a network?"
        apt_install "${missing[@]}" || die "could not install ${missing[*]}"
    fi
}

# On a system without dpkg nothing is installed; the least that must be there is named.
check_tools() {
    local tool
    for tool in cmake ninja c++; do
        command -v "$tool" >/dev/null || die "$tool not found, and this is not Debian: install it"
    done
}
