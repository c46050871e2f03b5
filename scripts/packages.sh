# The packages of the distribution: what is missing is installed, what is there stays. To be sourced; comes with the bundle, too.

# Where dockerd, ip and iptables are, and what snaps bring; not on the path of every user.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/snap/bin
# What programs say is read by its words, which they would translate.
export LC_ALL=C

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
  [ -z "${lists_updated:-}" ] && has apt-get || return 0
  as_root apt-get -qq update
  lists_updated=yes
}

# apt_knows PACKAGE: whether there is one that it would install.
apt_knows() { [ -n "$(apt-cache --no-all-versions show "$1" 2>/dev/null)" ]; }

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
  apt_knows docker.io || update_package_lists >&2
  if apt_knows docker-cli; then echo docker-cli; else echo docker.io; fi
}

# The package is kubernetes-client in Debian and kubectl in Kubernetes' own repository. Ubuntu has none, but a snap.
ensure_kubectl() {
  if has kubectl; then return 0; fi
  apt_knows kubernetes-client || update_package_lists
  for package in kubernetes-client kubectl; do
    if apt_knows $package; then install_packages $package; return 0; fi
  done
  if has snap; then
    say 'Installing the snap of kubectl'
    # Soon after the first boot it takes no orders yet.
    if as_root snap wait system seed.loaded && as_root snap install --classic kubectl >/dev/null; then return 0; fi
  fi
  die 'kubectl is not here, and neither apt nor snap brings it: put one onto the PATH (https://kubernetes.io/docs/tasks/tools), and run this again.'
}
