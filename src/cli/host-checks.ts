// What must be so on a host before Wherry can run on it. Each check looks, changes nothing, and says what it found: when that is
// not well, why, and what to do.
import { constants, existsSync, readFileSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { hostname, release } from 'node:os';
import { dirname, join } from 'node:path';
import { likelyAddress } from './options.ts';
import { serverRuns } from './running-server.ts';

export interface Finding {
  level: 'ok' | 'warn' | 'fail';
  text: string;
  /** The way out. */
  remedy?: string;
}

export interface CheckSettings {
  dataDir: string;
  bindAddress: string;
  httpsPort: number;
  agentPort: number;
  dockerSocket: string;
  nodeName: string | undefined;
  advertiseAddress: string | undefined;
}

export type Role = 'server' | 'agent';

export interface HostCheck {
  name: string;
  of: readonly Role[];
  look(settings: CheckSettings): Promise<Finding | Finding[]>;
}

const ok = (text: string): Finding => ({ level: 'ok', text });
const warn = (text: string, remedy: string): Finding => ({ level: 'warn', text, remedy });
const fail = (text: string, remedy: string): Finding => ({ level: 'fail', text, remedy });
const both: readonly Role[] = ['server', 'agent'];

export const hostChecks: readonly HostCheck[] = [
  { name: 'user', of: ['agent'], look: async () => lookAtUser(process.getuid?.()) },
  { name: 'clock', of: both, look: async () => lookAtClock(new Date()) },
  { name: 'data', of: both, look: ({ dataDir }) => lookAtDataDir(dataDir) },
  { name: 'address', of: ['server'], look: async ({ advertiseAddress }) => lookAtAddress(advertiseAddress) },
  { name: 'port', of: ['server'], look: lookAtServerPort },
  { name: 'port', of: ['agent'], look: ({ agentPort }) => lookAtPort(agentPort, '0.0.0.0', '--agent-port') },
  { name: 'name', of: ['agent'], look: async ({ nodeName }) => lookAtName(nodeName ?? hostname().toLowerCase()) },
  { name: 'docker', of: ['agent'], look: ({ dockerSocket }) => lookAtDocker(dockerSocket) },
  { name: 'network', of: ['agent'], look: lookAtTools },
  { name: 'kernel', of: ['agent'], look: async () => lookAtKernel() },
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

function lookAtAddress(advertised: string | undefined): Finding {
  try {
    return ok(`others reach this server at ${advertised ?? likelyAddress()}`);
  } catch (error) {
    return fail((error as Error).message, 'give the host an address, or say --advertise-address');
  }
}

async function lookAtServerPort({ dataDir, httpsPort, bindAddress }: CheckSettings): Promise<Finding> {
  return (await serverRuns(dataDir))
    ? ok(`the server runs on ${dataDir}`)
    : lookAtPort(httpsPort, bindAddress, '--https-port');
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

export async function lookAtDocker(socket: string): Promise<Finding> {
  const install = 'install Docker Engine (Debian: apt-get install docker.io), or name its socket with --docker-socket';
  try {
    const { Version: version, ApiVersion: api = '' } = await askDocker(socket);
    const [major = 0, minor = 0] = api.split('.').map(Number);
    return major > 1 || minor >= 41
      ? ok(`Docker Engine ${version} (API ${api}) answers at ${socket}`)
      : fail(`Docker Engine ${version} is too old`, 'install 20.10 or later');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return fail(`there is no Docker Engine at ${socket}`, install);
    if (code === 'ECONNREFUSED') return fail(`Docker Engine does not answer at ${socket}`, 'systemctl start docker');
    return fail(`Docker Engine cannot be asked: ${message}`, code === 'EACCES' ? 'run as root' : install);
  }
}

function askDocker(socketPath: string): Promise<{ Version?: string; ApiVersion?: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ Version?: string; ApiVersion?: string }>();
  const asked = request(
    { socketPath, path: '/version', agent: false, signal: AbortSignal.timeout(5_000) },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    },
  );
  asked.once('error', reject);
  asked.end();
  return promise;
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
