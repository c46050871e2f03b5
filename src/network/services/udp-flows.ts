// UDP knows no connections, so the kernel's memory of a translation lasts as long as a client goes on sending: also to an
// endpoint that is gone. Which of these flows are stale is found by comparing them with the services of now, so that it does
// not matter when and by which agent they were made.
import os from 'node:os';
import { type ClusterSettings, isInRange } from '../../api/cluster-settings.ts';
import { ExecError, execute } from '../../base/exec.ts';
import type { Log } from '../../base/log.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import type { PodPorts } from '../pods/host-ports.ts';
import type { Frontend } from './frontends.ts';
import { isAnyAddress } from './host-port-rules.ts';

/** Of the many flows between the same ends one: the address that clients send to, and who answers. */
export interface Flow {
  to: string;
  toPort: number;
  from: string;
  fromPort: number;
}

export interface ServedUdp {
  frontends: Iterable<Frontend>;
  /** Ports of this host that lead to pods. */
  hostPorts: Iterable<PodPorts>;
  settings: Pick<ClusterSettings, 'clusterCidr' | 'serviceCidr' | 'dnsAddress'>;
  hostAddresses: readonly string[];
}

/** Reads what `conntrack -L` prints; each pair of ends once. */
export function parseFlows(listed: string): Flow[] {
  const flows = new Map<string, Flow>();
  for (const line of listed.split('\n')) {
    const [, to = '', toPort, from = '', fromPort] =
      /^udp .*? dst=(\S+) sport=\d+ dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+) /.exec(line) ?? [];
    if (to)
      flows.set(`${to}:${toPort}-${from}:${fromPort}`, {
        to,
        toPort: Number(toPort),
        from,
        fromPort: Number(fromPort),
      });
  }
  return [...flows.values()];
}

/** Those that lead to no backend of the service which their clients send to, though it has some or the flow is translated. */
export function staleFlows(
  flows: readonly Flow[],
  { frontends, hostPorts, settings, hostAddresses }: ServedUdp,
): Flow[] {
  const served = servedByPods(hostPorts, hostAddresses);
  // What a service has comes first in the kernel, too.
  for (const frontend of frontends) {
    if (frontend.protocol !== 'udp') continue;
    const { clusterIp, externalIps, balancerIps, port, nodePort, backends, localBackends } = frontend;
    const answering = new Set([...backends, ...localBackends].map((backend) => `${backend.address}:${backend.port}`));
    for (const address of [clusterIp, ...externalIps, ...balancerIps]) served.set(`${address}:${port}`, answering);
    if (nodePort) for (const address of hostAddresses) served.set(`${address}:${nodePort}`, answering);
  }
  return flows.filter(({ to, toPort, from, fromPort }) => {
    if (to === settings.dnsAddress) return false;
    const answering = served.get(`${to}:${toPort}`);
    const isTranslated = to !== from || toPort !== fromPort;
    // A door that is gone was one of ours if it led to a pod.
    const wasOurs = isTranslated && isInRange(from, settings.clusterCidr);
    if (!answering && !wasOurs && !isInRange(to, settings.serviceCidr)) return false;
    return !answering?.has(`${from}:${fromPort}`) && (isTranslated || (answering?.size ?? 0) > 0);
  });
}

/** Who answers at which of the host's addresses and ports. */
function servedByPods(hostPorts: Iterable<PodPorts>, hostAddresses: readonly string[]): Map<string, Set<string>> {
  const served = new Map<string, Set<string>>();
  for (const { address, ports } of hostPorts) {
    for (const { protocol, hostIp, hostPort, containerPort } of ports) {
      if (protocol !== 'udp') continue;
      for (const at of isAnyAddress(hostIp) ? hostAddresses : [hostIp]) {
        const answering = served.get(`${at}:${hostPort}`) ?? new Set();
        served.set(`${at}:${hostPort}`, answering.add(`${address}:${containerPort}`));
      }
    }
  }
  return served;
}

export interface UdpFlowsOptions {
  settings: ClusterSettings;
  /** As the kernel's rules serve them. */
  frontends: () => Iterable<Frontend>;
  hostPorts: () => Iterable<PodPorts>;
  log: Log;
}

export class UdpFlows {
  readonly #options: UdpFlowsOptions;
  readonly #queue: WorkQueue;
  #hasWarned = false;

  constructor(options: UdpFlowsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: 'UDP flows', log: options.log, sync: () => this.#sync() });
  }

  /** To be called when the frontends are all that there are; who has called for a check before is heard then. */
  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** To be called when the kernel has other rules for UDP, or has its rules again. */
  check(): void {
    this.#queue.add('flows');
  }

  async #sync(): Promise<void> {
    const { log } = this.#options;
    const listed = await this.#list();
    if (listed === undefined) return;
    for (const { to, toPort, from, fromPort } of staleFlows(parseFlows(listed), this.#served())) {
      const ends = [
        '--orig-dst',
        to,
        '--orig-port-dst',
        `${toPort}`,
        '--reply-src',
        from,
        '--reply-port-src',
        `${fromPort}`,
      ];
      await execute('conntrack', ['-D', '-p', 'udp', ...ends]).catch((error: unknown) => {
        // 1: it has gone by itself.
        if (!(error instanceof ExecError && error.exitCode === 1)) throw error;
      });
      log.debug('UDP clients are led elsewhere', { to: `${to}:${toPort}`, from: `${from}:${fromPort}` });
    }
  }

  async #list(): Promise<string | undefined> {
    try {
      return await execute('conntrack', ['-L', '-p', 'udp']);
    } catch (error) {
      if (!this.#hasWarned) {
        const log = this.#options.log;
        log.warn('UDP clients may go on to ask endpoints that are gone, for want of a working conntrack', { error });
      }
      this.#hasWarned = true;
      return undefined;
    }
  }

  #served(): ServedUdp {
    const { frontends, hostPorts, settings } = this.#options;
    const hostAddresses = Object.values(os.networkInterfaces()).flatMap((card = []) =>
      card.map(({ address }) => address),
    );
    return { frontends: frontends(), hostPorts: hostPorts(), settings, hostAddresses };
  }
}
