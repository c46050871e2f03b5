// A machine on which Wherry was installed, was master and node, ran pods and served a port, and was uninstalled, is what it was before.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { networkViews, otherViews, type Views } from '../cluster/host-views.ts';
import { ensureBundle, installAgent, installServer } from './installation.ts';
import { clusterOn, patientMs } from './vm-cluster.ts';
import { type LanVm, openVmLan, type VmLan } from './vm-lan.ts';
import { runWeb, webAnswers } from './web.ts';

let lan: VmLan;
let vm: LanVm;
before(async () => {
  lan = await openVmLan({ names: ['a'] });
  vm = lan.machine('a');
  // An address is not its card's own before nobody else has claimed it.
  const isSettled = async () => !(await vm.exec('ip -o address')).includes('tentative');
  await waitUntil('addresses that stay', isSettled, { timeoutMs: patientMs });
});
after(async () => {
  await lan?.close();
});

/** What a machine that runs writes by itself, and what Docker keeps in itself: that is asked of Docker. */
const writtenAnyway = [
  ...[
    '/proc',
    '/sys',
    '/dev',
    '/tmp',
    '/var/tmp',
    '/root',
    '/var/log/journal',
    '/var/lib/docker',
    '/var/lib/containerd',
  ],
  ...['/run/docker', '/run/containerd', '/run/systemd', '/run/udev', '/run/user', '/run/log'],
];
const { settings, ...network } = networkViews;
const views = {
  ...network,
  // Those that there are only since a module was loaded are the module's, and stay with it.
  settings: `${settings} | grep -v bridge-nf`,
  mounts: otherViews.mounts,
  files: `find / \\( ${writtenAnyway.map((path) => `-path ${path}`).join(' -o ')} \\) -prune -o -not -type d -printf '%p %M %u %s\\n' | sort`,
  folders: `find / \\( ${writtenAnyway.map((path) => `-path ${path}`).join(' -o ')} \\) -prune -o -type d -printf '%p %M %u\\n' | sort`,
  settled: 'find /etc /usr/local -type f -newer /etc/hostname -print | sort | xargs -r sha256sum',
  containers: 'docker ps --all --quiet',
  images: 'docker images --all --no-trunc --format "{{.ID}} {{.Repository}}:{{.Tag}}" | sort',
  volumes: 'docker volume ls --quiet; docker network ls --format "{{.Name}}" | sort',
  layers: 'ls /var/lib/docker/overlay2 | sort; ls /var/lib/docker/containers',
  units:
    'systemctl list-unit-files --no-legend --no-pager | sort; find /run/systemd/system.control /run/systemd/transient -mindepth 1 2>/dev/null | sort',
  'units that failed': 'systemctl list-units --failed --no-legend --no-pager',
  groups: 'find /sys/fs/cgroup -type d | grep -vE "user.slice|session|/run-" | sort',
  users: 'cat /etc/passwd /etc/group',
  programs:
    'ps -eo args --no-headers | grep -vE "^\\[|^ps |sshd|^sort|^grep|^sh |^bash |systemd|containerd-shim|sd-pam|^sed|^awk" | sort',
};

async function observe(): Promise<Views> {
  const told: Views = {};
  for (const [name, command] of Object.entries(views)) told[name] = (await vm.tryExec(command)).stdout;
  return told;
}

test('installed, used and uninstalled: the machine is as before', async (t) => {
  const before = await observe();
  const bundle = await ensureBundle();
  const begun = performance.now();
  await installServer(vm, bundle);
  await installAgent(vm, bundle, { vm, address: vm.address });
  const cluster = await clusterOn(lan);
  await cluster.nodesAre('True');
  await runWeb(cluster);
  await webAnswers(cluster, vm);
  t.diagnostic(`${Math.round((performance.now() - begun) / 1000)} s from the bundle to nginx answering outside`);
  const used = await observe();
  for (const view of ['links', 'routes', 'files', 'containers', 'units', 'groups', 'programs'])
    assert.notEqual(used[view], before[view], `${view} are the same while it runs`);
  // With the script that was installed, as the bundle may be gone by then.
  await vm.exec('/usr/local/lib/wherry/current/uninstall.sh', { timeoutMs: patientMs });
  const now = await observe();
  const changes = Object.keys(views).map((view) => [view, difference(before[view], now[view])] as const);
  assert.deepEqual(Object.fromEntries(changes.filter(([, lines]) => lines.length > 0)), {});
});

/** The lines that only one of them has. */
function difference(before = '', now = ''): string[] {
  const [were, are] = [before.split('\n'), now.split('\n')];
  return [
    ...were.filter((line) => !are.includes(line)).map((line) => `gone: ${line}`),
    ...are.filter((line) => !were.includes(line)).map((line) => `new: ${line}`),
  ];
}
