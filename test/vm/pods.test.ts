// Pods as users have them: under systemd, with control groups v2 and Docker as it is installed. Limits are the kernel's, and whatever is
// started anew (the agent, Docker, a machine whose power was cut) the pods are there.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, nginxImage } from '../images/images.ts';
import { openWherryVm, patientMs, type WherryVm } from './wherry-vm.ts';

let wherry: WherryVm;
before(async () => {
  wherry = await openWherryVm();
});
after(async () => {
  await wherry?.close();
});

const exec = (command: string) => wherry.vm.exec(command);
const pod = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
const limited = (name: string, image: string, more: object = {}) => ({
  name,
  image,
  resources: { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
  ...more,
});
/** Ends when it is told to, so that the machine need not wait for it when it shuts down. */
const waiting = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const ready = (name: string) => wherry.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s']);
const field = (name: string, path: string) => wherry.kubectl(['get', 'pod', name, '-o', `jsonpath={${path}}`]);
const uidOf = async (name: string) => (await field(name, '.metadata.uid')).replaceAll('-', '_');
const pids = () => exec("docker inspect --format '{{.State.Pid}}' $(docker ps --quiet | sort)");
const agentPid = () => exec('systemctl show --property=MainPID --value wherry-agent');
const dnsProgram = async () =>
  (await exec('pid=$(pgrep -f "dns-program[.]mjs"); echo $pid $(cat /proc/$pid/cgroup)')).trim();

/** Without the times: a node that was not heard of for long has had its pods marked as not ready, for the while. */
async function statusOf(name: string): Promise<object> {
  const { conditions, ...status } = JSON.parse(await field(name, '.status'));
  return { ...status, conditions: conditions.map(({ type, status }: Record<string, string>) => `${type}: ${status}`) };
}

/** In a pod, over and over until they are asked for. */
async function startLookups(): Promise<void> {
  const loop =
    'touch /go; while [ -e /go ]; do nslookup kubernetes.default.svc.cluster.local >/dev/null && echo good || echo failed; done >/told';
  await wherry.kubectl(['exec', 'web', '-c', 'side', '--', 'sh', '-c', `(${loop}) >/dev/null 2>&1 &`]);
}

async function lookups(): Promise<{ failed: number }> {
  const command = 'rm /go; grep -q good /told && grep -c failed /told; true';
  const failed = await wherry.kubectl(['exec', 'web', '-c', 'side', '--', 'sh', '-c', command]);
  return { failed: Number(failed || 'none at all') };
}

const nodeReady = () => wherry.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=240s']);
const page = async () => await exec(`curl -sS --max-time 10 http://${await field('web', '.status.podIP')}/`);

const kubepods = '/sys/fs/cgroup/wherry.slice/wherry-kubepods.slice';
const burstable = `${kubepods}/wherry-kubepods-burstable.slice`;

/** The first words of files, each in its line. */
async function settings(folder: string, ...files: string[]): Promise<string[]> {
  return (await exec(`cd ${folder} && cat ${files.join(' ')}`)).trim().split('\n');
}

test('the units say when they are started, and the node has what is not reserved', async () => {
  assert.equal(await exec('systemctl is-active wherry-server wherry-agent'), 'active\nactive\n');
  await nodeReady();
  const [cpu, capacity, allocatable] = (
    await wherry.kubectl([
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[0].status.allocatable.cpu} {.items[0].status.capacity.memory} {.items[0].status.allocatable.memory}',
    ])
  ).split(' ');
  assert.equal(cpu, '1500m');
  const kibi = (text = '') => Number(text.replace('Ki', ''));
  assert.equal(kibi(capacity) - kibi(allocatable), (256 + 100) * 1024);
  const limits = await settings(kubepods, 'memory.max', 'memory.swap.max', 'cpu.weight');
  assert.deepEqual(limits, [String((kibi(capacity) - 256 * 1024) * 1024), '0', '59']);
});

test('a pod with limits has them in a slice of its own, and they outlast what systemd reads anew', async () => {
  const files = { name: 'files', emptyDir: {} };
  const writer = {
    command: ['sh', '-c', 'echo made before >/made/page'],
    volumeMounts: [{ name: 'files', mountPath: '/made' }],
  };
  await wherry.apply(
    pod('web', {
      volumes: [files],
      initContainers: [limited('init', busyboxImage, writer)],
      containers: [limited('nginx', nginxImage), limited('side', busyboxImage, { command: waiting })],
    }),
  );
  await ready('web');
  assert.match(await page(), /Welcome to nginx!/);
  const slice = `${burstable}/wherry-kubepods-burstable-pod${await uidOf('web')}.slice`;
  const ofPod = ['8', '100000 100000', String(128 * 2 ** 20), '99'];
  const inSlice = ['cpu.weight', 'cpu.max', 'memory.max', 'pids.max'];
  for (const _ of ['at first', 'after a reload']) {
    assert.deepEqual(await settings(slice, ...inSlice), ofPod);
    const id = (await field('web', '.status.containerStatuses[0].containerID')).replace('docker://', '');
    const scope = await settings(`${slice}/docker-${id}.scope`, 'cpu.max', 'memory.max');
    assert.deepEqual(scope, ['50000 100000', String(64 * 2 ** 20)]);
    await exec('systemctl daemon-reload');
  }
  await waitUntil('the weight of the class', async () => (await settings(burstable, 'cpu.weight'))[0] === '8', {
    timeoutMs: patientMs,
  });
  const score = Number(await exec('cat /proc/$(pidof -s nginx)/oom_score_adj'));
  assert.ok(score > 900 && score < 1000, `${score}`);
  assert.equal(
    await exec(
      "cat /proc/$(docker inspect --format '{{.State.Pid}}' $(docker ps -q --filter name=k8s_POD_web))/oom_score_adj",
    ),
    '-998\n',
  );
});

test('who takes more memory than its limit is OOMKilled, and a pod that is removed takes its slice along', async () => {
  const command = ['sh', '-c', 'x=x; while true; do x=$x$x; done'];
  await wherry.apply(
    pod('greedy', { restartPolicy: 'Never', containers: [limited('main', busyboxImage, { command })] }),
  );
  await wherry.kubectl(['wait', '--for=jsonpath={.status.phase}=Failed', 'pod/greedy', '--timeout=240s']);
  assert.equal(await field('greedy', '.status.containerStatuses[0].state.terminated.reason'), 'OOMKilled');
  const uid = await uidOf('greedy');
  await wherry.kubectl(['delete', 'pod', 'greedy', '--timeout=240s']);
  // A pod that is over is gone from the API at once. Other groups may come and go while it looks.
  const left = () => exec(`find /sys/fs/cgroup /run/systemd -name '*${uid}*' 2>/dev/null; true`);
  await waitUntil('its slice is removed', async () => (await left()) === '', { timeoutMs: patientMs, intervalMs: 500 });
});

test('an agent that systemd starts anew, after an order, a crash or as it was stuck, changes no pod and lets DNS answer on', async () => {
  const before = await pids();
  const told = await statusOf('web');
  const dns = await dnsProgram();
  assert.match(dns, /^\d+ 0::\/system\.slice\/run-.*\.scope$/);
  await startLookups();
  await exec('mkdir -p /run/systemd/system/wherry-agent.service.d');
  await exec(
    "printf '[Service]\\nWatchdogSec=30s\\n' >/run/systemd/system/wherry-agent.service.d/watchdog.conf; systemctl daemon-reload",
  );
  for (const how of ['systemctl restart wherry-agent', 'kill -KILL', 'kill -STOP']) {
    const pid = (await agentPid()).trim();
    await wherry.vm.exec(how.startsWith('kill') ? `${how} ${pid}` : how, { timeoutMs: patientMs });
    await waitUntil(
      `another agent after ${how}`,
      async () => {
        const state = await exec('systemctl show --property=MainPID,ActiveState --value wherry-agent');
        const [now = '', active] = state.split('\n');
        return active === 'active' && now !== pid && now !== '0';
      },
      { timeoutMs: patientMs, intervalMs: 500 },
    );
    await nodeReady();
    assert.equal(await pids(), before, how);
    assert.equal(await dnsProgram(), dns, how);
  }
  assert.deepEqual(await lookups(), { failed: 0 });
  assert.equal(await exec('systemctl show --property=Result --value wherry-server'), 'success\n');
  assert.match(await exec('journalctl --no-pager -u wherry-agent'), /[Ww]atchdog timeout/);
  assert.deepEqual(await statusOf('web'), told);
  assert.match(await page(), /Welcome to nginx!/);
});

test('Docker is restarted, and the pods run on', async () => {
  const before = await pids();
  await exec('systemctl restart docker');
  await nodeReady();
  assert.equal(await pids(), before);
  await wherry.apply(pod('later', { containers: [limited('main', busyboxImage, { command: waiting })] }));
  await ready('later');
  assert.equal(await field('web', '.status.containerStatuses[*].restartCount'), '0 0');
});

test('the plug of the machine is pulled, and with its power the pods are back', async () => {
  const before = await field('web', '.status.containerStatuses[*].containerID');
  await wherry.vm.unplug();
  await wherry.boot();
  await waitUntil(
    'nginx runs again',
    async () => {
      const now = await field('web', '.status.containerStatuses[*].containerID').catch(() => before);
      return now !== before && (await field('web', '.status.containerStatuses[0].restartCount')) === '1';
    },
    { timeoutMs: patientMs, intervalMs: 1000 },
  );
  await ready('web');
  await ready('later');
  assert.match(await page(), /Welcome to nginx!/);
  const slice = `${burstable}/wherry-kubepods-burstable-pod${await uidOf('web')}.slice`;
  assert.deepEqual(await settings(slice, 'cpu.max', 'memory.max'), ['100000 100000', String(128 * 2 ** 20)]);
});
