// Several hosts on one LAN, for a test: each a machine of namespaces with a Docker Engine, beside them a client outside the cluster.
//
//   a ── eth0 172.31.200.11 ──┐
//   b ── eth0 172.31.200.12 ──┼── bridge of host "lan", 172.31.200.1: the gateway of all, with no way out
//   client ── 172.31.200.10 ──┘

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { type DockerEngine, startDockerEngine } from './docker-engine.ts';
import { removeFolder, removeStaleLeftovers, runName } from './leftovers.ts';
import { TestHost } from './test-host.ts';

const network = '172.31.200';
const gateway = `${network}.1`;

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
}

export interface HostsOptions {
  /** The hosts of the cluster; "a" and "b" unless told. */
  readonly names?: readonly string[];
  /** Let Docker program its own iptables rules, which set the policy of FORWARD to DROP. */
  readonly dockerIptables?: boolean;
  /** Gives each host a disk of this size at `disk` in its folder, in memory and anew with each boot; Docker's data is on it. */
  readonly diskMebibytes?: number;
}

export interface Hosts {
  readonly hosts: readonly DockerHost[];
  /** A machine on the LAN that is not of the cluster. */
  readonly client: LanHost;
  host(name: string): DockerHost;
  close(): Promise<void>;
}

/** Plugs a host into the LAN: a pair of links made in the LAN's namespace, whose far end is moved into the host's. */
async function plugIn(lan: TestHost, host: TestHost, address: string): Promise<void> {
  const port = `to-${host.name}`.slice(0, 15);
  // A machine that boots again has the same card in it: nobody has to ask for its address anew.
  const card = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const links = [
    `link add ${port} type veth peer name eth0 address 02:00:${card.join(':')} netns ${host.pid}`,
    `link set ${port} master lan0 up`,
  ];
  // Only its network is entered, so that process ids are this test's.
  await runCommand('nsenter', ['--target', `${lan.pid}`, '--net', 'ip', '-batch', '-'], {
    input: `${links.join('\n')}\n`,
  });
  const addresses = [`address add ${address}/24 dev eth0`, 'link set eth0 up', `route add default via ${gateway}`];
  await host.exec('ip', ['-batch', '-'], { input: `${addresses.join('\n')}\n` });
}

async function bootLan(lan: TestHost): Promise<void> {
  await lan.boot();
  const bridge = ['link add lan0 type bridge', `address add ${gateway}/24 dev lan0`, 'link set lan0 up'];
  await lan.exec('ip', ['-batch', '-'], { input: `${bridge.join('\n')}\n` });
}

async function bootClient(lan: TestHost, host: TestHost): Promise<LanHost> {
  const address = `${network}.10`;
  await host.boot();
  await plugIn(lan, host, address);
  return { host, address };
}

async function bootDockerHost(
  lan: TestHost,
  host: TestHost,
  address: string,
  { dockerIptables: iptables = false, diskMebibytes }: HostsOptions,
): Promise<DockerHost> {
  const disk = join(host.folder, 'disk');
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
    address,
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
    await bootLan(lan);
    // All are waited for, also when one fails: what still boots could not be taken away.
    const boots = machines.map(
      async (host, index) => await bootDockerHost(lan, host, `${network}.${11 + index}`, options),
    );
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
    return { hosts, client: client.value, host, close };
  } catch (error) {
    await close();
    throw error;
  }
}
