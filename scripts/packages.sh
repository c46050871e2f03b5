# The packages of the distribution: what is missing is installed, what is there stays. To be sourced; comes with the bundle, too.

# Where dockerd, ip and iptables are; not on the path of every user.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# wait_until SECONDS COMMAND...: runs it ten times a second until it succeeds; fails when the time is over.
wait_until() {
  deadline=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

with_systemd() { [ -d /run/systemd/system ]; }

update_package_lists() {
  [ -z "${lists_updated:-}" ] || return 0
  as_root apt-get -qq update
  lists_updated=yes
}

# ensure_commands COMMAND=PACKAGE...: installs the packages of the commands that are not there, all in one go.
ensure_commands() {
  missing=''
  for pair in "$@"; do
    has "${pair%%=*}" || missing="$missing ${pair#*=}"
  done
  install_packages $(printf '%s\n' $missing | sort -u)
}

install_packages() {
  [ $# -gt 0 ] || return 0
  has apt-get || die "Not installed: $*. Install them and run this again: only Debian's and Ubuntu's packages are known here."
  say "Installing from the distribution: $*"
  update_package_lists
  # Without systemd the packages would start daemons their own way; what runs and stops here is decided below.
  policy=/usr/sbin/policy-rc.d
  if with_systemd || [ -e $policy ]; then policy=''; else
    printf '#!/bin/sh\nexit 101\n' | as_root sh -c "cat >$policy && chmod 755 $policy"
  fi
  output=$(mktemp)
  status=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" \
    </dev/null >"$output" 2>&1 || status=$?
  [ -z "$policy" ] || as_root rm -f "$policy"
  [ $status = 0 ] || cat "$output" >&2
  rm -f "$output"
  [ $status = 0 ] || die "The packages could not be installed: $*"
}

# Docker's command line is a package of its own in newer releases.
docker_cli_package() {
  has apt-cache || { echo docker.io; return; }
  apt-cache show docker.io >/dev/null 2>&1 || update_package_lists >&2
  if apt-cache show docker-cli >/dev/null 2>&1; then echo docker-cli; else echo docker.io; fi
}
