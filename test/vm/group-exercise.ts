// Run in a virtual machine: makes the control groups of one pod for the driver that Docker has there, starts a container in
// them, and writes as JSON what the kernel then says, and what is left when all is taken back.
//   group-exercise DRIVER VERSION IMAGE
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { createLog } from '../../src/base/log.ts';
import { groupTreeFor } from '../../src/node/resources/group-driver.ts';
import { PodGroups, removeGroups } from '../../src/node/resources/pod-groups.ts';

const [name = '', version = '', image = ''] = process.argv.slice(2);
const tree = groupTreeFor({ name, version: version === '2' ? 2 : 1 });
const root = ['wherry'];
const capacity = { cpu: 2000, memory: 2 ** 30 };
const log = createLog({ level: 'warn', part: 'exercise' });
const endLost = async () => {};
const groups = new PodGroups({ tree, root, capacity, forPods: capacity, podMaxPids: 50, endLost, log });
const resources = { requests: { cpu: '500m' }, limits: { cpu: '1', memory: '64Mi' } };
const pod = {
  metadata: { name: 'web', uid: 'aa-bb' },
  spec: { containers: [{ name: 'main', resources }] },
} as unknown as Pod;

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
/** The folder of a controller's group that the process is in, up to the pod's. */
function podFolder(pid: string, controller: string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  const line = lines.find((each) =>
    version === '2' ? each.startsWith('0::') : each.split(':')[1]?.split(',').includes(controller),
  );
  return join('/sys/fs/cgroup', version === '2' ? '' : controller, line?.split(':')[2] ?? '', '..');
}
const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8').trim();
const left = () => globSync('/sys/fs/cgroup/**/*wherry*').concat(globSync('/run/systemd/system.control/*wherry*'));

await groups.start();
const begun = performance.now();
await groups.ensure(pod);
const ensureMs = performance.now() - begun;
const { cgroupParent = '' } = groups.placementOf(pod, undefined);
const id = docker('run', '--detach', '--cgroup-parent', cgroupParent, image, 'sleep', '1000');
const pid = docker('inspect', '--format', '{{.State.Pid}}', id);
if (name === 'systemd') execFileSync('systemctl', ['daemon-reload']);
const [cpu, memory, pids] = ['cpu', 'memory', 'pids'].map((controller) => podFolder(pid, controller)) as [
  string,
  string,
  string,
];
const found =
  version === '2'
    ? [read(cpu, 'cpu.weight'), read(cpu, 'cpu.max'), read(memory, 'memory.max'), read(pids, 'pids.max')]
    : [
        read(cpu, 'cpu.shares'),
        read(cpu, 'cpu.cfs_quota_us'),
        read(memory, 'memory.limit_in_bytes'),
        read(pids, 'pids.max'),
      ];
const swap = read(join(memory, '../..'), version === '2' ? 'memory.swap.max' : 'memory.swappiness');
docker('rm', '--force', id);
await groups.remove('aa-bb');
const ofPod = existsSync(cpu) || existsSync(memory);
await removeGroups(tree, root);
console.log(JSON.stringify({ cgroupParent, found, swap, ofPod, left: left(), ensureMs }));
