#!/bin/sh
# Installs Wherry on this host out of the bundle that this file came in: the master of a cluster, or a node of one.
# Run again it brings the host to what it is told then. It looks first, changes only what is missing, and says what it did.
set -eu

usage() {
  cat <<'TEXT'
install.sh server [--KEY VALUE ...]
install.sh agent --server https://MASTER:6443 --token TOKEN [--KEY VALUE ...]

  --no-packages   install nothing of the distribution, Docker Engine neither
  --no-start      install only; nothing is started
  --force         go on though `wherry check` finds that something is missing

Every other --KEY VALUE is a setting (`wherry server --help` and `wherry agent --help` list them), kept in /etc/wherry/config.yaml.
The token is used once and not kept; it can also be given as the variable WHERRY_TOKEN.
TEXT
}

bundle=$(dirname "$(readlink -f "$0")")
if [ ! -f "$bundle/SHA256SUMS" ]; then
  echo 'This is the source. Make a bundle with `scripts/bundle --archive`, unpack it on the host, and run the install.sh in it.' >&2
  exit 2
fi
. "$bundle/packages.sh"
programs=/usr/local/lib/wherry
launcher=/usr/local/bin/wherry
units=/etc/systemd/system
config=/etc/wherry/config.yaml
daemon_settings=/etc/docker/daemon.json
started_within=120

# --- what is asked for

role=${1:-}
case $role in
  server | agent) shift ;;
  # Of `wherry upgrade`: the program alone, put beside the one that runs.
  program) shift ;;
  --help | -h | help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
token=${WHERRY_TOKEN:-}
unset WHERRY_TOKEN
packages=yes
start=yes
force=no
settings=''
newline='
'
while [ $# -gt 0 ]; do
  case $1 in
    --no-packages) packages=no ;;
    --no-start) start=no ;;
    --force) force=yes ;;
    --help | -h) usage; exit 0 ;;
    --token=*) token=${1#*=} ;;
    --token) token=${2:?--token needs a value}; shift ;;
    --*=*) settings="$settings${1#--}$newline" ;;
    --*)
      [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; }
      settings="$settings${1#--}=$2$newline"
      shift
      ;;
    *) echo "What is $1? See $0 --help" >&2; exit 2 ;;
  esac
  shift
done

# There while a service still has to take up what was changed: a later run sees to it when this one ends before.
outdated=$programs/$role.outdated

# --- the steps

check_bundle() {
  [ "$(id -u)" = 0 ] || die "Run this as root: sudo $0 $role ..."
  faults=$(cd "$bundle" && sha256sum --check --quiet --strict SHA256SUMS 2>&1) ||
    die "This bundle is damaged: fetch it again and unpack it anew.$newline$faults"
  case $(uname -m) in x86_64) here=x64 ;; aarch64) here=arm64 ;; *) here=$(uname -m) ;; esac
  is_for=$(cat "$bundle/ARCHITECTURE")
  [ "$here" = "$is_for" ] || die "This bundle is for $is_for and this host is $here: take the one for $here."
  says=$("$bundle/program/node" --version 2>&1) ||
    die "Node does not run on this host (glibc 2.28 or later is needed, which musl is not): $says"
}

# Pods outlive the engine, and logs of containers that are not Wherry's have an end, too.
ensure_docker_settings() {
  [ ! -e $daemon_settings ] || return 0
  mkdir -p "$(dirname $daemon_settings)"
  cat >$daemon_settings <<'TEXT'
{
  "live-restore": true,
  "log-driver": "json-file",
  "log-opts": { "max-size": "10m", "max-file": "3" }
}
TEXT
}

ensure_docker() {
  [ "$role" = agent ] || return 0
  if [ $packages = yes ]; then
    has dockerd || ensure_docker_settings
    grep -qs Y /sys/module/apparmor/parameters/enabled && parser=apparmor_parser=apparmor || parser=''
    ensure_commands dockerd=docker.io iptables=iptables nft=nftables conntrack=conntrack ip=iproute2 nsenter=util-linux $parser
  fi
  if with_systemd && has dockerd && ! systemctl --quiet is-active docker; then
    say 'Starting Docker Engine'
    systemctl --quiet enable --now docker
  fi
}

# Each release has a folder of its own, so that a program that runs finds its files until it ends.
place_program() {
  release=$programs/$(basename "$bundle" | sed -n 's/^wherry-\([0-9][^-]*\)-.*/\1/p')-$(sha256sum "$bundle/SHA256SUMS" | cut -c1-12)
  [ ! -e "$release/complete" ] || return 0
  rm -rf "$release"
  mkdir -p "$release"
  cp -r "$bundle"/program/* "$bundle/systemd" "$bundle/uninstall.sh" "$bundle/packages.sh" "$release/"
  find "$release" -type f -exec sync {} +
  touch "$release/complete"
}

point_to_release() {
  ln -sfn "$release" "$programs/$1.new"
  mv -fT "$programs/$1.new" "$programs/$1"
}

# A role has a program of its own: master and agent of one host are upgraded one after the other.
ensure_program() {
  place_program
  version=$("$release/wherry" version | head -n 1)
  if [ "$(readlink -f "$programs/$role" || true)" = "$release" ]; then
    say "The program is there: $version"
  else
    touch "$outdated"
    point_to_release "$role"
    say "Installed the program: $version"
  fi
  point_to_release current
  mkdir -p "$(dirname $launcher)"
  ln -sfn $programs/current/wherry $launcher
}

# setting KEY: what the settings say.
setting() { $launcher --config $config config get "$1"; }

# The settings as they will be: those that are there, with those that were told now.
write_settings() {
  mkdir -p "$(dirname $config)"
  chmod 755 "$(dirname $config)"
  umask 077
  cat $config >$config.new 2>/dev/null ||
    printf '# Settings of Wherry on this host; a key for each flag: `wherry server --help`, `wherry agent --help`\n' >$config.new
  umask 022
  add_settings "$settings"
  # What is only a start: pods of a host that goes down are given time to end.
  [ "$role" = server ] ||
    add_settings "shutdown-grace-period=30s${newline}shutdown-grace-period-critical-pods=10s" --unless-set
}

# add_settings LINES [OPTION]: each line is one, whatever is in it.
add_settings() (
  [ -n "$1" ] || return 0
  IFS=$newline
  set -f
  $launcher --config $config.new config set ${2:-} $1 || give_up 'Mend the settings and run this again.'
)

give_up() {
  rm -f $config.new
  die "Nothing has been started. $1"
}

check_host() {
  say 'Looking at this host:'
  status=0
  NO_COLOR=1 $launcher --config $config.new check $role || status=$?
  if [ $status = 2 ] || { [ $status != 0 ] && [ $force = no ]; }; then
    give_up 'Mend what fails and run this again, or say --force.'
  fi
  if cmp -s $config $config.new; then
    rm $config.new
  else
    touch "$outdated"
    mv -f $config.new $config
    say "Wrote $config"
  fi
}

ensure_images() {
  folder=$(setting images-dir)
  folder=${folder:-$(setting data-dir)/images}
  for image in "$bundle"/images/*; do
    [ -e "$image" ] || continue
    mkdir -p -m 700 "$(dirname "$folder")"
    mkdir -p "$folder"
    if cmp -s "$image" "$folder/$(basename "$image")"; then continue; fi
    cp "$image" "$folder/.part"
    mv -f "$folder/.part" "$folder/$(basename "$image")"
    say "Image archive $(basename "$image") is at hand"
  done
}

# An agent that runs is the node that it was when it started.
ensure_joined() {
  [ "$role" = agent ] || return 0
  identity=$(setting data-dir)/agent/pki/client.pem
  before=$(sha256sum "$identity" 2>/dev/null || true)
  [ -e "$outdated" ] && is_current=no || is_current=yes
  touch "$outdated"
  WHERRY_TOKEN=$token $launcher join
  if [ $is_current = yes ] && [ "$before" = "$(sha256sum "$identity")" ]; then rm "$outdated"; fi
}

ensure_unit() {
  unit=wherry-$role.service
  if ! cmp -s "$bundle/systemd/$unit" "$units/$unit"; then
    touch "$outdated"
    cp "$bundle/systemd/$unit" "$units/$unit"
  fi
  [ ! -e "$outdated" ] || systemctl daemon-reload
  systemctl --quiet enable $unit
  [ $start = yes ] || { say "$unit is installed and not started: systemctl start $unit"; return 0; }
  if [ ! -e "$outdated" ] && systemctl --quiet is-active $unit; then
    say "$unit is running"
    return 0
  fi
  say "Starting $unit"
  timeout $started_within systemctl restart $unit || {
    journalctl --no-pager --unit $unit --lines 20 --output cat >&2 || true
    die "$unit did not get ready in $started_within s. It goes on trying; its log: journalctl -u $unit"
  }
  rm -f "$outdated"
}

check_bundle
if [ "$role" = program ]; then
  place_program
  echo "$release"
  exit 0
fi
ensure_docker
ensure_program
write_settings
check_host
ensure_joined
[ "$role" = server ] || ensure_images
if with_systemd; then ensure_unit; else say "There is no systemd here. What has to be kept running: $launcher $role"; fi
if [ "$role" = server ]; then
  say "For kubectl: export KUBECONFIG=$(setting write-kubeconfig)"
  say 'To join a host: `wherry token create` here, and there install.sh agent --server https://THIS-HOST:6443 --token TOKEN'
else
  say 'This host is a node of the cluster: `kubectl get nodes` shows it.'
fi
