#!/bin/sh
# Takes back what install.sh did: services, containers, network rules, program, settings and data. Packages of the distribution and
# Docker Engine with its settings stay.
#   uninstall.sh [--keep-data]     keep data and settings: installed again, the host goes on where it was
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/packages.sh"
programs=/usr/local/lib/wherry
launcher=/usr/local/bin/wherry
units=/etc/systemd/system
config=/etc/wherry/config.yaml

keep=''
case ${1:-} in
  '') ;;
  --keep-data) keep=--keep-data ;;
  *) echo 'uninstall.sh [--keep-data]' >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || die "Run this as root: sudo $0 $*"

if [ ! -e $launcher ] && [ ! -e $programs ]; then
  say 'Wherry is not installed here'
  exit 0
fi

if with_systemd; then
  for unit in wherry-agent.service wherry-server.service; do
    [ -e "$units/$unit" ] || continue
    systemctl --quiet disable --now $unit
    say "Stopped $unit"
  done
  # Containers can only be taken away by the engine that runs them.
  if systemctl --quiet is-enabled docker 2>/dev/null; then systemctl start docker; fi
fi

# Who was killed here before may have left the launcher without a program, with everything else gone already.
if [ -x $programs/current/node ]; then
  $launcher uninstall --yes $keep
  say "Took back containers and network rules${keep:+; the data stays}"
fi
if with_systemd; then
  rm -f $units/wherry-agent.service $units/wherry-server.service
  systemctl daemon-reload
fi
if [ -z "$keep" ]; then
  rm -f $config
  [ ! -d "$(dirname $config)" ] || rmdir --ignore-fail-on-non-empty "$(dirname $config)"
fi
# Last, so that a run that was broken off can be taken up again.
rm -f $launcher
rm -rf $programs
say 'Wherry is uninstalled'
