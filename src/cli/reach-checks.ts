// What `wherry check` finds of the way between this host and others: the master, its clock, this host's address, the firewall.
import { once } from 'node:events';
import { connect } from 'node:net';
import { tunnelPort } from '../api/cluster-settings.ts';
import { openPort } from '../api/open-port.ts';
import { kubernetesVersion } from '../api/version.ts';
import { systemClock } from '../base/clock.ts';
import type { PortNeed } from '../network/firewall.ts';
import { type CheckSettings, type Finding, fail, ok, warn } from './finding.ts';
import { likelyAddress, sharedByVagrant } from './options.ts';

const masterWithinMs = 4_000;

/** A node's way to its master. */
export async function lookAtMaster({ server }: CheckSettings): Promise<Finding[]> {
  if (!server)
    return [warn('no master is named, so the way to it is not looked at', 'say --server https://ADDRESS:6443')];
  const { clockFault, MasterFault, observeMaster, versionFault } = await import('../node/master-probe.ts');
  const order = { server, clock: systemClock, timeoutMs: masterWithinMs };
  try {
    const view = await observeMaster(order, new AbortController().signal);
    const clock = clockFault(view);
    const version = versionFault(view.version, kubernetesVersion);
    const off = `${(Math.abs(view.behindMs) / 1000).toFixed(1)} s`;
    return [
      ok(`the master answers at ${server}`),
      clock ? fail(clock.what, clock.remedy) : ok(`the clocks are no more than ${off} apart`),
      version ? fail(version.what, version.remedy) : ok(`the master is of version ${view.version}`),
    ];
  } catch (error) {
    if (!(error instanceof MasterFault)) throw error;
    return [fail(error.what, error.remedy)];
  }
}

/** By which address others will know the node. */
export async function lookAtNodeAddress({ nodeIp, server }: CheckSettings): Promise<Finding> {
  if (nodeIp) return ok(`other nodes reach this one at ${nodeIp}`);
  if (!server) return ok('the address of this node will be its end of the connection to the master');
  return judgeNodeAddress(await localEndTo(server));
}

export function judgeNodeAddress(address: string | undefined): Finding {
  const say = 'name the one by which other nodes reach this host with --node-ip';
  if (address === undefined) return warn('the address of this node is not known before the master answers', say);
  if (address.startsWith('127.'))
    return fail(
      `the master is named by a loopback address: this node would be ${address}`,
      `name the master by an address of the network, or ${say}`,
    );
  if (address === sharedByVagrant)
    return fail(
      `the address of this node would be ${address}, which every Vagrant machine has`,
      `name the master by its address on the private network, or ${say}`,
    );
  return ok(`other nodes reach this one at ${address}`);
}

export function lookAtServerAddress(advertised: string | undefined): Finding {
  const say = 'say --advertise-address';
  try {
    const address = advertised ?? likelyAddress();
    return address === sharedByVagrant
      ? warn(`others would reach this server at ${address}, which every Vagrant machine has`, say)
      : ok(`others reach this server at ${address}`);
  } catch (error) {
    return fail((error as Error).message, `give the host an address, or ${say}`);
  }
}

async function localEndTo(server: string): Promise<string | undefined> {
  const { hostname, port } = new URL(server);
  const socket = connect({ host: hostname, port: Number(port || 443) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(masterWithinMs) });
    return socket.localAddress?.replace(/^::ffff:/, '');
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

export const portsOfServer = (httpsPort: number): PortNeed[] => [{ protocol: 'tcp', port: httpsPort, for: 'the API' }];

export const portsOfAgent = (agentPort: number): PortNeed[] => [
  { protocol: 'tcp', port: agentPort, for: 'logs, exec and metrics, unless through a tunnel' },
  { protocol: 'udp', port: tunnelPort, for: 'pods of nodes beyond a router' },
];

export async function lookAtFirewall(needs: readonly PortNeed[]): Promise<Finding[]> {
  const { observeClosedPorts } = await import('../network/firewall.ts');
  const nameOf = ({ protocol, port }: PortNeed) => `${protocol.toUpperCase()} port ${port}`;
  try {
    const closed = await observeClosedPorts(needs);
    if (closed.length === 0) return [ok(`the firewall lets others in to ${needs.map(nameOf).join(' and ')}`)];
    return closed.map((need) =>
      warn(
        `a firewall of this host shuts ${nameOf(need)}, which is for ${need.for}`,
        openPort(need.protocol, need.port),
      ),
    );
  } catch (error) {
    // A master alone needs no iptables.
    return [
      warn(
        `the firewall cannot be looked at: ${(error as Error).message}`,
        'run as root; install the package iptables',
      ),
    ];
  }
}

export async function lookAtFlavours(): Promise<Finding[]> {
  const { observeMixedFlavours } = await import('../network/firewall.ts');
  // Where there is no iptables this has been said.
  const isMixed = await observeMixedFlavours().catch(() => false);
  if (!isMixed) return [];
  return [
    warn(
      'there are rules of both iptables flavours, and what the one lets pass the other may drop',
      'remove those of the legacy one (`iptables-legacy -F`), or choose it (`update-alternatives --set iptables /usr/sbin/iptables-legacy`) and boot again',
    ),
  ];
}
