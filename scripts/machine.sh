# What scripts/up, down, check and test do to this machine: packages, npm packages, Docker Engine. To be sourced.
# Each ensure_ function looks first, changes only what is missing and says in one line what it found or did.

root=$(dirname "$(dirname "$(readlink -f "$0")")")
run_dir=/run/wherry
log_dir=/var/log/wherry
data_dir=/var/lib/wherry
kubeconfig=/etc/wherry/kubeconfig
docker_socket=/var/run/docker.sock
demo_image=wherry-demo/nginx:stable
# How the command line of a running `wherry up` reads, as the launcher and as what it becomes.
wherry_command='wherry\(\.mjs\)\{0,1\} up'
. "$root/scripts/packages.sh"

# In place of this shell, so that the id of a background job is the command's own (or sudo's, which passes signals on).
become_root() { if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo "$@"; fi; }

# What Wherry and these scripts need, and kubectl; more may be told.
ensure_packages() {
  # First, as not every distribution has it: without, nothing is changed.
  ensure_kubectl
  [ -e /etc/ssl/certs/ca-certificates.crt ] && certificates='' || certificates=update-ca-certificates=ca-certificates
  # Where the kernel has AppArmor, Docker starts no container without its parser.
  grep -qs Y /sys/module/apparmor/parameters/enabled && parser=apparmor_parser=apparmor || parser=''
  has docker && cli='' || cli="docker=$(docker_cli_package)"
  ensure_commands npm=npm dockerd=docker.io $cli iptables=iptables nft=nftables conntrack=conntrack ip=iproute2 nsenter=util-linux setsid=util-linux tar=tar \
    $parser $certificates "$@"
  say 'The packages of the distribution are there'
}

# install_npm_packages NPM...: what the lock file says, by that npm. An old one on a new Node warns of itself.
install_npm_packages() {
  (cd "$root" && NODE_NO_WARNINGS=1 "$@" ci --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null >/dev/null)
}

ensure_node_modules() {
  if [ -x "$root/node_modules/.bin/node" ] && [ "$root/node_modules/.package-lock.json" -nt "$root/package-lock.json" ]; then
    say 'npm packages are up to date'
    return 0
  fi
  say 'Installing the npm packages, Node 24 among them'
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 24 ]; then
    # npm leaves out optional packages that do not suit the Node it runs with: native parts of the tools would be missing.
    # So the few packages that Wherry runs with come first, and then npm runs with the Node that is one of them.
    install_npm_packages npm --omit=dev
    new_node=$(mktemp -d)
    cp "$root"/node_modules/node-linux-*/bin/node "$new_node/node"
    install_npm_packages "$new_node/node" "$(readlink -f "$(command -v npm)")"
    rm -rf "$new_node"
  else
    install_npm_packages npm
  fi
  # An older npm may leave the lock file of a clone of this very second as new as its own.
  touch "$root/node_modules/.package-lock.json"
  # npm 9 takes away the link to this machine's Node together with the package for the other architecture.
  [ -x "$root/node_modules/.bin/node" ] || ln -sf "$(cd "$root/node_modules/.bin" && echo ../node-linux-*/bin/node)" "$root/node_modules/.bin/node"
}

wherry_kubectl() { as_root env KUBECONFIG=$kubeconfig "$(command -v kubectl)" "$@"; }
docker_engine() { as_root docker -H "unix://$docker_socket" "$@"; }
docker_answers() { docker_engine version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# pid_runs FILE TEXT: whether the process whose id is in the file lives and has the text in its command line.
pid_runs() {
  pid=$(as_root cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  as_root cat "/proc/$pid/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q -- "$2"
}

wherry_runs() { pid_runs "$run_dir/wherry.pid" "$wherry_command"; }

# start_background NAME COMMAND...: in a session of its own, with its id in the run folder and its output in the log folder.
# Nothing of this script stays with it: who reads the script's output to the end is not kept waiting.
start_background() {
  name=$1
  shift
  as_root mkdir -p "$run_dir" "$log_dir"
  as_root rm -f "$run_dir/$name.pid"
  as_root setsid --fork sh -c 'log=$1 pid=$2; shift 2; exec </dev/null >>"$log" 2>&1; echo $$ >"$pid"; exec "$@"' \
    background "$log_dir/$name.log" "$run_dir/$name.pid" "$@"
}

# stop_background NAME TEXT SECONDS: ends the process by its pid file, only if it is the one meant; fails if there is none.
stop_background() {
  if ! pid_runs "$run_dir/$1.pid" "$2"; then
    as_root rm -f "$run_dir/$1.pid"
    return 1
  fi
  as_root kill -TERM "$pid"
  wait_until "$3" process_gone "$pid" || as_root kill -KILL "$pid"
  wait_until 5 process_gone "$pid" || die "Process $pid ($1) does not end"
  as_root rm -f "$run_dir/$1.pid"
}

# A zombie that nobody collects has ended too.
process_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }

# Mounts the control groups as the kernel has them in use, where nothing is mounted: in a chroot, without an init system.
ensure_cgroups() {
  if grep -q ' /sys/fs/cgroup' /proc/self/mountinfo; then return 0; fi
  say 'Mounting the control groups'
  as_root mkdir -p "$run_dir"
  as_root touch "$run_dir/cgroups-mounted"
  if ! grep -qv '^0::' /proc/self/cgroup; then
    as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return 0
  fi
  as_root mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while IFS=: read -r hierarchy controllers _; do
    [ "$hierarchy" != 0 ] || continue
    folder=/sys/fs/cgroup/${controllers#name=}
    case $controllers in name=*) controllers=none,$controllers ;; esac
    as_root mkdir "$folder"
    as_root mount -t cgroup -o "$controllers" cgroup "$folder"
  done </proc/self/cgroup
}

release_cgroups() {
  [ -e "$run_dir/cgroups-mounted" ] || return 0
  for folder in /sys/fs/cgroup/*/; do
    if grep -q " ${folder%/} " /proc/self/mountinfo; then as_root umount "${folder%/}"; fi
  done
  as_root umount /sys/fs/cgroup
  as_root rm -f "$run_dir/cgroups-mounted"
  as_root rmdir --ignore-fail-on-non-empty "$run_dir"
}

ensure_docker() {
  if docker_answers; then
    say 'Docker Engine is running'
  elif with_systemd; then
    say 'Starting Docker Engine with systemd'
    as_root systemctl start docker
  else
    ensure_cgroups
    say 'Starting Docker Engine'
    # Pods outlive the engine; said here only where its own configuration is silent, as it refuses to be told twice.
    live_restore=--live-restore
    if grep -qs '"live-restore"' /etc/docker/daemon.json; then live_restore=''; fi
    start_background dockerd dockerd --host "unix://$docker_socket" $live_restore
  fi
  wait_until 60 docker_answers || {
    as_root tail -n 20 "$log_dir/dockerd.log" >&2 || true
    die 'Docker Engine does not answer'
  }
  if [ "$(docker_engine info --format '{{.LiveRestoreEnabled}}')" = false ]; then
    say 'Docker Engine ends all pods when it restarts, unless /etc/docker/daemon.json says "live-restore": true'
  fi
}
