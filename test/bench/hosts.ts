// Several hosts on one LAN, for a test: each a machine of namespaces with a Docker Engine, beside them a client outside the cluster.
//
//   a ── eth0 172.31.200.11 ──┐
//   b ── eth0 172.31.200.12 ──┼── bridge of host "lan", 172.31.200.1: the gateway of all, with no way out
//   client ── 172.31.200.10 ──┘        │ routes
//   c ── eth0 172.31.201.13 ── bridge "far0" of the same host, 172.31.201.1: for hosts that shall be beyond a router

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, tryCommand } from './command.ts';
import { type DockerEngine, startDockerEngine } from './docker-engine.ts';
import { removeFolder, removeStaleLeftovers, runName } from './leftovers.ts';
import { TestHost } from './test-host.ts';

/** A link of its own each, named for the bridge that makes it. */
const networks = { lan0: '172.31.200', far0: '172.31.201' };
type LinkName = keyof typeof networks;

export interface LanHost {
  readonly host: TestHost;
  readonly address: string;
}

/** A host of the cluster. */
export interface DockerHost extends LanHost {
  /** Anew after each boot. */
  readonly docker: DockerEngine;
  /** Pulls the plug. */
  kill(): Promise<void>;
  /** Boots it again as it was, with the Docker Engine and its data. */
  boot(): Promise<void>;
  /** Nothing reaches it or comes from it any more, and no card notices: a switch on the way is dead. */
  partition(): Promise<void>;
  heal(): Promise<void>;
  /** Another address on the same link, as a lease that was not renewed gives it; its connections end. */
  readdress(lastByte: number): Promise<void>;
}

export interface HostsOptions {
  /** The hosts of the cluster; "a" and "b" unless told. */
  readonly names?: readonly string[];
  /** Those of them that are on another link, with a router between it and the LAN. */
  readonly beyondRouter?: readonly string[];
  /** Let Docker program its own iptables rules, which set the policy of FORWARD to DROP. */
  readonly dockerIptables?: boolean;
  /** Gives each host a disk of this size at `disk` in its folder, in memory and anew with each boot; Docker's data is on it. */
  readonly diskMebibytes?: number;
}

export interface Hosts {
  readonly hosts: readonly DockerHost[];
  /** A machine on the LAN that is not of the cluster. */
  readonly client: LanHost;
  /** The machine whose bridge `lan0` joins them; more may be plugged in. */
  readonly lan: TestHost;
  host(name: string): DockerHost;
  close(): Promise<void>;
}

/** Plugs a host into a link: a pair of links made in the LAN's namespace, whose far end is moved into the host's. */
async function plugIn(lan: TestHost, host: TestHost, address: string): Promise<void> {
  // A machine that boots again has the same card in it: nobody has to ask for its address anew.
  const card = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  // Where it was on before: what a host had goes some time after it.
  await tryCommand('nsenter', ['--target', `${lan.pid}`, '--net', 'ip', 'link', 'delete', portOf(host)]);
  await inNetworkOf(lan, [
    `link add ${portOf(host)} type veth peer name eth0 address 02:00:${card.join(':')} netns ${host.pid}`,
    `link set ${portOf(host)} master ${linkOf(address)} up`,
  ]);
  const lines = [
    `address add ${address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${gatewayOf(address)}`,
  ];
  await host.exec('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

const portOf = (host: TestHost): string => `to-${host.name}`.slice(0, 15);
const gatewayOf = (address: string): string => address.replace(/\d+$/, '1');
const linkOf = (address: string): LinkName => (address.startsWith(`${networks.far0}.`) ? 'far0' : 'lan0');

/** Only its network is entered, so that process ids are this test's. */
async function inNetworkOf({ pid }: TestHost, lines: readonly string[]): Promise<void> {
  await runCommand('nsenter', ['--target', `${pid}`, '--net', 'ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function bootLan(lan: TestHost, isRouter: boolean): Promise<void> {
  await lan.boot();
  const links = Object.entries(networks).filter(([name]) => isRouter || name === 'lan0');
  const bridge = links.flatMap(([name, network]) => [
    `link add ${name} type bridge`,
    `address add ${network}.1/24 dev ${name}`,
    `link set ${name} up`,
  ]);
  await lan.exec('ip', ['-batch', '-'], { input: `${bridge.join('\n')}\n` });
  if (isRouter) await lan.exec('sh', ['-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
}

async function bootClient(lan: TestHost, host: TestHost): Promise<LanHost> {
  const address = `${networks.lan0}.10`;
  await host.boot();
  await plugIn(lan, host, address);
  return { host, address };
}

async function bootDockerHost(
  lan: TestHost,
  host: TestHost,
  firstAddress: string,
  { dockerIptables: iptables = false, diskMebibytes }: HostsOptions,
): Promise<DockerHost> {
  const disk = join(host.folder, 'disk');
  let address = firstAddress;
  const boot = async (): Promise<DockerEngine> => {
    await host.boot();
    await plugIn(lan, host, address);
    if (diskMebibytes === undefined) return await startDockerEngine({ host, iptables });
    await mkdir(disk, { recursive: true });
    await host.exec('mount', ['-t', 'tmpfs', '-o', `size=${diskMebibytes}m,mode=755`, 'disk', disk]);
    return await startDockerEngine({ host, iptables, dataRoot: join(disk, 'docker') });
  };
  let docker = await boot();
  return {
    host,
    get address() {
      return address;
    },
    get docker() {
      return docker;
    },
    async kill() {
      await host.kill();
    },
    async boot() {
      await host.kill();
      docker = await boot();
    },
    async partition() {
      await inNetworkOf(lan, [`link set ${portOf(host)} nomaster`]);
    },
    async heal() {
      await inNetworkOf(lan, [`link set ${portOf(host)} master ${linkOf(address)}`]);
    },
    async readdress(lastByte) {
      const before = address;
      address = before.replace(/\d+$/, String(lastByte));
      const lines = [
        `address del ${before}/24 dev eth0`,
        `address add ${address}/24 dev eth0`,
        `route replace default via ${gatewayOf(address)}`,
      ];
      await host.exec('ip', ['-force', '-batch', '-'], { input: `${lines.join('\n')}\n` });
    },
  };
}

export async function openHosts(options: HostsOptions = {}): Promise<Hosts> {
  await removeStaleLeftovers();
  const names = options.names ?? ['a', 'b'];
  const lan = new TestHost(runName, 'lan');
  const clientHost = new TestHost(runName, 'client');
  const machines = names.map((name) => new TestHost(runName, name));
  const close = async (): Promise<void> => {
    const ends = await Promise.allSettled([lan, clientHost, ...machines].map(async (host) => await host.kill()));
    await removeFolder(join('/tmp', runName));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  };

  try {
    const beyondRouter = options.beyondRouter ?? [];
    await bootLan(lan, beyondRouter.length > 0);
    // All are waited for, also when one fails: what still boots could not be taken away.
    const boots = machines.map(async (host, index) => {
      const network = beyondRouter.includes(host.name) ? networks.far0 : networks.lan0;
      return await bootDockerHost(lan, host, `${network}.${11 + index}`, options);
    });
    const [client, ...ends] = await Promise.allSettled([bootClient(lan, clientHost), ...boots]);
    if (client.status === 'rejected') throw client.reason;
    const hosts = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    const host = (name: string): DockerHost => {
      const found = hosts.find((each) => each.host.name === name);
      if (found === undefined) throw new Error(`no host ${name} on this bench`);
      return found;
    };
    return { hosts, client: client.value, lan, host, close };
  } catch (error) {
    await close();
    throw error;
  }
}
