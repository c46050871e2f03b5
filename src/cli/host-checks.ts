// What must be so on a host before Wherry can run on it. Each check looks, changes nothing, and says what it found: when that is
// not well, why, and what to do.
import { constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { lookAtDocker } from './docker-checks.ts';
import { type CheckSettings, type Finding, fail, ok, warn } from './finding.ts';
import {
  lookAtFirewall,
  lookAtFlavours,
  lookAtMaster,
  lookAtNodeAddress,
  lookAtServerAddress,
  portsOfAgent,
  portsOfServer,
} from './reach-checks.ts';
import { serverRuns } from './running-server.ts';

export type Role = 'server' | 'agent';

export interface HostCheck {
  name: string;
  of: readonly Role[];
  look(settings: CheckSettings): Promise<Finding | Finding[]>;
}

const both: readonly Role[] = ['server', 'agent'];

export const hostChecks: readonly HostCheck[] = [
  { name: 'user', of: ['agent'], look: async () => lookAtUser(process.getuid?.()) },
  { name: 'clock', of: ['server'], look: async () => lookAtClock(new Date()) },
  { name: 'data', of: both, look: ({ dataDir }) => lookAtDataDir(dataDir) },
  { name: 'mounts', of: ['agent'], look: ({ dataDir }) => lookAtMounts(dataDir) },
  { name: 'memory', of: both, look: async () => lookAtMemory(totalmem()) },
  { name: 'master', of: ['agent'], look: lookAtMaster },
  { name: 'address', of: ['server'], look: async ({ advertiseAddress }) => lookAtServerAddress(advertiseAddress) },
  { name: 'address', of: ['agent'], look: lookAtNodeAddress },
  { name: 'port', of: ['server'], look: lookAtServerPort },
  { name: 'port', of: ['agent'], look: lookAtAgentPort },
  { name: 'firewall', of: ['server'], look: ({ httpsPort }) => lookAtFirewall(portsOfServer(httpsPort)) },
  { name: 'firewall', of: ['agent'], look: ({ agentPort }) => lookAtFirewall(portsOfAgent(agentPort)) },
  { name: 'iptables', of: ['agent'], look: lookAtFlavours },
  { name: 'name', of: ['agent'], look: async ({ nodeName }) => lookAtName(nodeName ?? hostname().toLowerCase()) },
  { name: 'docker', of: ['agent'], look: ({ dockerSocket }) => lookAtDocker(dockerSocket) },
  { name: 'network', of: ['agent'], look: lookAtTools },
  { name: 'services', of: ['agent'], look: lookAtServiceRules },
  { name: 'kernel', of: ['agent'], look: async () => lookAtKernel() },
  { name: 'sysctls', of: ['agent'], look: async () => lookAtSysctls('/') },
  { name: 'cgroups', of: ['agent'], look: async () => lookAtCgroups('/sys/fs/cgroup') },
];

export function lookAtUser(uid: number | undefined): Finding {
  return uid === 0 ? ok('runs as root') : fail('the agent must run as root', 'run it with sudo, or as a service');
}

/** Certificates are made for a time that this clock tells. */
export function lookAtClock(now: Date): Finding {
  const year = now.getUTCFullYear();
  return year >= 2025 && year < 2100
    ? ok(`it is ${now.toISOString()}`)
    : fail(`the clock says ${now.toISOString()}`, 'set the clock, and keep it right with chrony or systemd-timesyncd');
}

export async function lookAtDataDir(dataDir: string): Promise<Finding[]> {
  let there = dataDir;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  const more = 'make room, or name another directory with --data-dir';
  const room =
    freeMb < 100
      ? fail(`${dataDir} has ${freeMb} MB left`, more)
      : freeMb < 1000
        ? warn(`${dataDir} has ${freeMb} MB left, which images and logs soon fill`, more)
        : ok(`${dataDir} has ${freeMb} MB left`);
  const isWritable = await access(there, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (isWritable) return [room];
  return [room, fail(`${there} cannot be written to`, 'run as root, or name another directory with --data-dir')];
}

async function lookAtServerPort({ dataDir, httpsPort, bindAddress }: CheckSettings): Promise<Finding> {
  return (await serverRuns(dataDir))
    ? ok(`the server runs on ${dataDir}`)
    : lookAtPort(httpsPort, bindAddress, '--https-port');
}

async function lookAtAgentPort({ agentPort }: CheckSettings): Promise<Finding> {
  const { NetworkInUse, refuseWhileNetworkIsUsed } = await import('../network/network-claim.ts');
  try {
    await refuseWhileNetworkIsUsed();
  } catch (error) {
    if (error instanceof NetworkInUse) return ok('the agent runs on this host');
    throw error;
  }
  return await lookAtPort(agentPort, '0.0.0.0', '--agent-port');
}

export function lookAtPort(port: number, address: string, flag: string): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'is in use' : error.message;
    resolve(
      fail(`port ${port} ${why}`, `see who has it with \`ss -ltnp sport = :${port}\`, or take another with ${flag}`),
    );
  });
  server.listen(port, address, () => server.close(() => resolve(ok(`port ${port} is free`))));
  return promise;
}

export function lookAtName(name: string): Finding {
  const isName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 253;
  return isName
    ? ok(`the node will be called ${name}`)
    : fail(`${JSON.stringify(name)} cannot be a node's name`, 'choose one of a-z, 0-9, - and . with --node-name');
}

/** Docker passes on to containers only what is mounted where mounts are shared. */
async function lookAtMounts(dataDir: string): Promise<Finding> {
  return judgeMounts(await readFile('/proc/self/mountinfo', 'utf8'), dataDir);
}

export function judgeMounts(mountInfo: string, dataDir: string): Finding {
  const holding = mountInfo
    .split('\n')
    .map((line) => ({ target: line.split(' ')[4] ?? '', isShared: / shared:\d+/.test(line.split(' - ')[0] ?? '') }))
    .filter(({ target }) => target !== '' && `${dataDir}/`.startsWith(target === '/' ? '/' : `${target}/`))
    .reduce((inner, each) => (each.target.length >= inner.target.length ? each : inner), {
      target: '',
      isShared: false,
    });
  return holding.isShared
    ? ok(`mounts below ${holding.target} are shared`)
    : warn(
        `mounts below ${holding.target} are not shared, so pods do not see what is mounted into their volumes later`,
        `mount --make-rshared ${holding.target}`,
      );
}

export function lookAtMemory(bytes: number): Finding {
  const mebibytes = Math.round(bytes / 2 ** 20);
  return mebibytes < 460
    ? warn(`this host has ${mebibytes} MiB of memory`, 'give it 512 MiB or more')
    : ok(`this host has ${mebibytes} MiB of memory`);
}

/** Whether others' settings take back what the agent sets, or leave too little for containers. */
export function lookAtSysctls(root: string): Finding[] {
  const findings: Finding[] = [];
  const folders = ['etc/sysctl.d', 'run/sysctl.d', 'usr/lib/sysctl.d'].map((folder) => join(root, folder));
  const files = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  for (const file of [...files, join(root, 'etc/sysctl.conf')].filter((each) => existsSync(each))) {
    if (/^\s*net[./]ipv4[./]ip_forward\s*=\s*0/m.test(readFileSync(file, 'utf8')))
      findings.push(
        warn(
          `${file} turns off forwarding, which pods need, whenever it is read`,
          'take net.ipv4.ip_forward out of it',
        ),
      );
  }
  const limit = join(root, 'proc/sys/fs/inotify/max_user_instances');
  const instances = existsSync(limit) ? Number(readFileSync(limit, 'utf8')) : Number.POSITIVE_INFINITY;
  if (instances < 128)
    findings.push(
      warn(
        `programs of this host may follow ${instances} sets of files, which many containers use up`,
        'echo fs.inotify.max_user_instances=512 >/etc/sysctl.d/90-inotify.conf && sysctl --system',
      ),
    );
  return findings.length > 0 ? findings : [ok('kernel settings leave what pods need')];
}

async function lookAtTools(): Promise<Finding[]> {
  const { observeTools } = await import('../network/tools.ts');
  return (await observeTools()).map(({ name, says, works, package: from, without }) => {
    if (works) return ok(`${name}: ${says}`);
    const remedy = `run as root; install the package ${from}`;
    return without
      ? warn(`${name} does not work: ${says}; without it ${without}`, remedy)
      : fail(`${name} does not work: ${says}`, remedy);
  });
}

async function lookAtServiceRules({ serviceRules }: CheckSettings): Promise<Finding> {
  const { chooseFlavour, observeFlavours } = await import('../network/iptables/iptables.ts');
  const { chooseRuleKind } = await import('../network/services/rule-kind.ts');
  try {
    const { kind, because } = await chooseRuleKind(serviceRules, chooseFlavour(await observeFlavours()));
    return ok(`the rules of services go to ${kind}, as ${because}`);
  } catch (error) {
    const remedy = 'run as root; install the packages iptables and nftables; leave the choice to the agent';
    return fail(`the rules of services have no place: ${(error as Error).message}`, remedy);
  }
}

/** What a node needs of the kernel, and by what it is seen to be there. */
const kernelParts = [
  { module: 'bridge', for: 'the network of pods' },
  { module: 'veth', for: 'the network of pods' },
  { module: 'nf_nat', for: 'services' },
  { module: 'nf_conntrack', for: 'services' },
  { module: 'overlay', for: 'the file systems of containers' },
];

function lookAtKernel(): Finding[] {
  const folder = join('/lib/modules', release());
  const listed = ['modules.builtin', 'modules.dep']
    .map((name) => join(folder, name))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  return kernelParts.map(({ module, for: what }) => {
    if (existsSync(`/sys/module/${module}`)) return ok(`${module} is there`);
    if (new RegExp(`/${module.replace('_', '[_-]')}\\.ko`).test(listed)) return ok(`${module} can be loaded`);
    // A module that is built in and has no parameters shows nowhere where the list of them is missing.
    return listed === ''
      ? warn(`whether the kernel has ${module} cannot be seen`, `${what} will tell`)
      : fail(`the kernel has no ${module}, which ${what} needs`, 'run a kernel of the distribution');
  });
}

export function lookAtCgroups(root: string): Finding {
  const mount = 'mount the control groups: `mount -t cgroup2 none /sys/fs/cgroup`, or restart with systemd';
  const unified = join(root, 'cgroup.controllers');
  const wanted = ['cpu', 'memory', 'pids'];
  const found = existsSync(unified)
    ? readFileSync(unified, 'utf8').trim().split(' ')
    : wanted.filter((name) => existsSync(join(root, name)));
  const missing = wanted.filter((name) => !found.includes(name));
  if (missing.length > 0) return fail(`there is no control group of ${missing.join(', ')} in ${root}`, mount);
  return ok(`control groups, version ${existsSync(unified) ? 2 : 1}`);
}
