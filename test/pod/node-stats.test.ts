// What the agent tells of the use of its node: the summary and the metrics, against what the containers really do.
import assert from 'node:assert/strict';
import { mkdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { OneNode } from './one-node.ts';

interface Usage {
  cpu: { usageNanoCores?: number; usageCoreNanoSeconds: number };
  memory: { workingSetBytes: number; usageBytes: number; availableBytes?: number };
}
interface Disk {
  usedBytes: number;
  capacityBytes: number;
  inodesUsed: number;
}
interface Summary {
  node: Usage & { nodeName: string; fs?: Disk; runtime?: { imageFs: Disk }; network?: { rxBytes: number } };
  pods: (Usage & {
    podRef: { name: string; namespace: string; uid: string };
    containers: (Usage & { name: string; rootfs?: Disk; logs?: Disk })[];
    volume?: (Disk & { name: string; pvcRef?: { name: string; namespace: string } })[];
    network?: { name: string; rxBytes: number; txBytes: number };
    'ephemeral-storage'?: Disk;
    process_stats?: { process_count: number };
  })[];
}

const mebibyte = 2 ** 20;
let one: OneNode;
let master: CertificateAndKey;
let busy: Pod;
let lastingFolder: string;

before(async () => {
  one = await OneNode.open();
  master = await one.masterIdentity();
  const fill = 'dd if=/dev/zero of=/rootfile bs=1M count=3; dd if=/dev/zero of=/data/file bs=1M count=5';
  const busybox = { image: 'wherry-test/busybox:1' };
  const data = { name: 'data', mountPath: '/data' };
  const lasting = { name: 'lasting', mountPath: '/lasting' };
  lastingFolder = join(one.on.host.folder, 'lasting');
  await mkdir(lastingFolder);
  await one.apply(...boundTo(lastingFolder));
  await one.applyPod(
    'busy',
    {},
    {
      containers: [
        {
          name: 'burn',
          ...busybox,
          command: ['sh', '-c', 'while true; do :; done'],
          resources: { limits: { cpu: '200m', memory: '64Mi' } },
        },
        {
          name: 'idle',
          ...busybox,
          command: ['sh', '-c', `${fill}; echo a line; touch /filled; sleep 1000`],
          volumeMounts: [data, lasting],
          readinessProbe: { exec: { command: ['test', '-e', '/filled'] }, periodSeconds: 1, timeoutSeconds: 10 },
        },
      ],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'lasting', persistentVolumeClaim: { claimName: 'lasting' } },
      ],
    },
  );
  busy = await one.podReady('busy');
});
after(async () => {
  await one?.close();
});

async function ask(path: string): Promise<string> {
  const [, text = '', code] = /^([\s\S]*) (\d+)$/.exec(await one.askAgent(path, master)) ?? [];
  assert.equal(code, '200', text);
  return text;
}

const summary = async (query = '') => JSON.parse(await ask(`/stats/summary${query}`)) as Summary;

test('the summary tells how fast pods use the processor, at the first asking', async () => {
  const { node, pods } = await summary();
  const pod = pods.find(({ podRef }) => podRef.uid === busy.metadata.uid);
  assert.deepEqual(pod?.podRef, { name: 'busy', namespace: 'default', uid: busy.metadata.uid });
  const speed = (name: string) => pod?.containers.find((found) => found.name === name)?.cpu.usageNanoCores ?? -1;
  assert.ok(speed('burn') > 0.05e9 && speed('burn') < 0.4e9, `${speed('burn')} of a limit of a fifth of a core`);
  assert.ok(speed('idle') >= 0 && speed('idle') < 0.05e9, `${speed('idle')}`);
  // Groups are read one after the other: on a busy machine not at the same moment.
  assert.ok((pod?.cpu.usageNanoCores ?? 0) >= speed('burn') / 2);
  assert.ok((node.cpu.usageNanoCores ?? 0) >= speed('burn') / 2);
});

test('memory is what the control group says, with what is left of the limit', async () => {
  const { node, pods } = await summary('?only_cpu_and_memory=true');
  const burn = pods[0]?.containers.find(({ name }) => name === 'burn');
  const { workingSetBytes = 0, availableBytes = 0, usageBytes = 0 } = burn?.memory ?? {};
  assert.ok(workingSetBytes > 0 && workingSetBytes <= usageBytes);
  assert.equal(availableBytes, 64 * mebibyte - workingSetBytes);
  const total = Number(/MemTotal:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  assert.equal((node.memory.availableBytes ?? 0) + node.memory.workingSetBytes, total);
  assert.equal(node.fs, undefined, 'processor and memory were all that was asked for');
  assert.equal(pods[0]?.volume, undefined);
});

test('disks: what the container, its log and its volume take, and what the node has', async () => {
  const { node, pods } = await summary();
  const [pod] = pods;
  const idle = pod?.containers.find(({ name }) => name === 'idle');
  const inRoot = idle?.rootfs?.usedBytes ?? 0;
  assert.ok(inRoot >= 3 * mebibyte && inRoot < 4 * mebibyte, `${inRoot}`);
  const { LogPath } = JSON.parse(await docker('inspect', '--format', '{{json .}}', await idOf('idle')));
  assert.equal(idle?.logs?.usedBytes, (await readFile(LogPath)).length);
  const [volume] = pod?.volume?.filter(({ name }) => name === 'data') ?? [];
  const inVolume = volume?.usedBytes ?? 0;
  assert.ok(inVolume >= 5 * mebibyte && inVolume < 6 * mebibyte, `${inVolume}`);
  assert.equal(volume?.inodesUsed, 2, 'the folder and the file');
  assert.ok((pod?.['ephemeral-storage']?.usedBytes ?? 0) >= 8 * mebibyte);
  assert.ok((node.fs?.capacityBytes ?? 0) > mebibyte && (node.runtime?.imageFs.usedBytes ?? 0) > 0);
});

test('the volume behind a claim is told with what its file system has room for, in the summary and as metrics', async () => {
  const [pod] = (await summary()).pods;
  const found = pod?.volume?.find(({ name }) => name === 'lasting');
  assert.deepEqual(found?.pvcRef, { name: 'lasting', namespace: 'default' });
  const { blocks, bsize, files } = await statfs(lastingFolder);
  assert.equal(found?.capacityBytes, blocks * bsize);
  assert.ok((found?.usedBytes ?? 0) > 0);
  const token = pod?.volume?.find(({ name }) => name.startsWith('kube-api-access-'));
  assert.ok((token?.usedBytes ?? 0) > 0 && token?.pvcRef === undefined, 'and what is shown out of memory');
  const series = await metrics('/metrics');
  const told = (what: string) =>
    series.get(`kubelet_volume_stats_${what}{namespace="default",persistentvolumeclaim="lasting"}`)?.value ?? -1;
  assert.equal(told('capacity_bytes'), blocks * bsize);
  assert.equal(told('inodes'), files);
  assert.equal(told('inodes_free') + told('inodes_used'), files);
  assert.ok(told('used_bytes') > 0 && told('available_bytes') > 0);
});

test('the network of a pod is its own', async () => {
  const received = async () => (await summary()).pods[0]?.network?.rxBytes ?? 0;
  const before = await received();
  await one.on.host.tryExec('ping', ['-c', '3', '-i', '0.2', '-s', '10000', busy.status.podIP ?? '']);
  await one.on.host.tryExec('curl', ['-s', '--max-time', '1', `http://${busy.status.podIP}/`]);
  await waitUntil('the pod has received', async () => (await received()) > before);
});

test('the metrics server finds its series, of this pod and this time', async () => {
  const series = await metrics('/metrics/resource');
  for (const [name, labels] of [
    ['container_cpu_usage_seconds_total', 'container="burn",namespace="default",pod="busy"'],
    ['container_memory_working_set_bytes', 'container="idle",namespace="default",pod="busy"'],
    ['pod_cpu_usage_seconds_total', 'namespace="default",pod="busy"'],
    ['pod_memory_working_set_bytes', 'namespace="default",pod="busy"'],
    ['node_cpu_usage_seconds_total', undefined],
    ['node_memory_working_set_bytes', undefined],
  ] as const) {
    const found = series.get(labels ? `${name}{${labels}}` : name);
    assert.ok(found && found.value > 0, name);
    assert.ok(Math.abs(found.atMs - Date.now()) < 5_000, name);
  }
  const started = series.get('container_start_time_seconds{container="burn",namespace="default",pod="busy"}');
  const burn = busy.status.containerStatuses?.find(({ name }) => name === 'burn');
  const startedSeconds = Date.parse(burn?.state?.running?.startedAt ?? '') / 1000;
  assert.ok(started && Number.isNaN(started.atMs) && Math.abs(started.value - startedSeconds) <= 1);
  assert.equal(series.get('resource_scrape_error')?.value, 0);
});

test('dashboards find the series of containers', async () => {
  const id = await idOf('burn');
  const series = await metrics('/metrics/cadvisor');
  const find = (name: string, ...labels: string[]) =>
    [...series].find(([key]) => key.startsWith(`${name}{`) && labels.every((label) => key.includes(label)))?.[1].value;
  const burn = ['container="burn"', 'image="wherry-test/busybox:1"', `name="${id}"`, 'pod="busy"'];
  assert.ok((find('container_cpu_usage_seconds_total', ...burn, 'cpu="total"') ?? 0) > 0);
  assert.ok((find('container_cpu_cfs_throttled_periods_total', ...burn) ?? 0) > 0, 'it burns more than its limit');
  assert.ok((find('container_memory_working_set_bytes', ...burn) ?? 0) > 0);
  assert.equal(find('container_spec_memory_limit_bytes', ...burn), 64 * mebibyte);
  assert.ok((find('container_network_receive_bytes_total', 'interface="eth0"', 'pod="busy"') ?? 0) > 0);
  assert.ok((find('container_memory_working_set_bytes', 'container=""', 'pod="busy"') ?? 0) > 0, 'the whole pod');
});

test('the agent counts how often it probes', async () => {
  const series = await metrics('/metrics/probes');
  const of = `namespace="default",pod="busy",pod_uid="${busy.metadata.uid}"`;
  const found = series.get(`prober_probe_total{container="idle",${of},probe_type="Readiness",result="successful"}`);
  assert.ok((found?.value ?? 0) >= 1);
  // On a busy machine a probe may also have come too late.
  for (const name of series.keys()) assert.ok(name.includes(`container="idle",${of},probe_type="Readiness"`), name);
});

test('the agent counts its pods and what Docker was asked, and says what runs', async () => {
  const series = await metrics('/metrics');
  assert.equal(series.get('wherry_pods{phase="Running"}')?.value, 1);
  assert.equal(series.get('kubelet_running_pods')?.value, 1);
  assert.equal(series.get('kubelet_running_containers{container_state="running"}')?.value, 2);
  const created = '{operation_type="createContainer"}';
  assert.equal(series.get(`kubelet_runtime_operations_total${created}`)?.value, 2);
  assert.equal(series.get(`kubelet_runtime_operations_duration_seconds_count${created}`)?.value, 2);
  assert.ok((series.get('kubelet_pod_worker_duration_seconds_count')?.value ?? 0) > 0);
  assert.ok((series.get('process_resident_memory_bytes')?.value ?? 0) > mebibyte);
  const { items } = JSON.parse(await ask('/runningpods/')) as { items: Pod[] };
  assert.deepEqual(
    items.map(({ metadata, spec }) => [metadata.uid, spec.containers.map(({ name }) => name).sort()]),
    [[busy.metadata.uid, ['burn', 'idle']]],
  );
  assert.equal(JSON.parse(await ask('/configz')).kubeletconfig.port, 10250);
});

/** A claim, and a volume on this node for it alone. */
function boundTo(path: string): object[] {
  const name = 'lasting';
  const linux = { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] };
  const size = { storage: '1Gi' };
  const both = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  const nodeAffinity = { required: { nodeSelectorTerms: [linux] } };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { ...both, capacity: size, local: { path }, nodeAffinity },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: { ...both, volumeName: name, resources: { requests: size } },
    },
  ];
}

async function metrics(path: string): Promise<Map<string, { value: number; atMs: number }>> {
  const lines = (await ask(path)).trim().split('\n');
  return new Map(
    lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => {
        const [, key = '', value, atMs] = /^(\w+(?:\{.*\})?) (\S+)(?: (\d+))?$/.exec(line) ?? [];
        return [key, { value: Number(value), atMs: Number(atMs ?? Number.NaN) }];
      }),
  );
}

async function docker(...args: string[]): Promise<string> {
  return (await one.on.host.exec('docker', ['-H', `unix://${one.on.docker.socket}`, ...args])).stdout.trim();
}

async function idOf(container: string): Promise<string> {
  const statuses = (await one.get<Pod>('pod', 'busy')).status.containerStatuses;
  return statuses?.find(({ name }) => name === container)?.containerID?.replace('docker://', '') ?? '';
}
