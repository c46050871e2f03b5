// Plugs pods into the bridge: a veth pair each, one end in the pod's namespace, the address from the allocator.
// Holds: what a pod is given stays its own until it is detached; attaching again changes nothing that is right.
import { ExecError } from '../../base/exec.ts';
import type { Log } from '../../base/log.ts';
import { type IpBatch, ipBatchOf, ipJson, ipJsonOf, type Link } from '../ip-command.ts';
import { bridgeName, cardAddress, isPodLinkName, podLinkName } from '../owned-names.ts';
import type { AddressAllocator } from './address-allocator.ts';
import type { Bridge } from './bridge.ts';
import { hasIpv6, shutIpv6 } from './no-ipv6.ts';
import { neededIsolation, observePorts, planIsolation } from './port-isolation.ts';

export interface PodLinksOptions {
  allocator: AddressAllocator;
  bridge: () => Bridge;
  ip: IpBatch;
  log: Log;
}

export class PodLinks {
  readonly #options: PodLinksOptions;

  constructor(options: PodLinksOptions) {
    this.#options = options;
  }

  async attach(podUid: string, pid: number): Promise<string> {
    const { allocator } = this.#options;
    const known = allocator.addressOf(podUid);
    if (known) {
      const observed = await this.#observe(known, pid);
      if (isWired(observed)) {
        await ensureNoIpv6(observed.podLinks, pid);
        return known;
      }
      await this.#unplug([podLinkName(known)]);
    }
    const address = await allocator.allocate(podUid);
    await this.#wire(address, podUid, pid);
    return address;
  }

  async detach(podUid: string): Promise<void> {
    const { allocator } = this.#options;
    const address = allocator.addressOf(podUid);
    if (!address) return;
    await this.#unplug([podLinkName(address)]);
    await allocator.release(podUid);
  }

  async detachAllBut(podUids: ReadonlySet<string>): Promise<void> {
    const { allocator, log } = this.#options;
    const kept = new Set(
      [...podUids].map((uid) => allocator.addressOf(uid)).filter((address) => address !== undefined),
    );
    const keptLinks = new Set([...kept].map(podLinkName));
    const links = await observePodLinks();
    const leftOver = links.map(({ ifname }) => ifname).filter((name) => !keptLinks.has(name));
    const gone = allocator.owners().filter((uid) => !podUids.has(uid));
    if (leftOver.length > 0 || gone.length > 0) log.info('taking back what pods left', { links: leftOver, pods: gone });
    await this.#unplug(leftOver);
    for (const uid of gone) await allocator.release(uid);
  }

  /** Mends what a change of the host's settings asks for. */
  async check(): Promise<void> {
    await this.#options.ip.run(planIsolation(await neededIsolation(), await observePorts()));
  }

  async #wire(address: string, podUid: string, pid: number): Promise<void> {
    const { bridge, ip } = this.#options;
    const { gateway, mtu } = bridge();
    const name = podLinkName(address);
    const isolation = await neededIsolation();
    await ip.run([
      `link add ${name} mtu ${mtu} type veth peer name eth0 mtu ${mtu} address ${cardAddress(address)} netns ${pid}`,
      `link set ${name} alias ${podUid} master ${bridgeName} up`,
      `link set ${name} type bridge_slave hairpin on isolated ${isolation}`,
    ]);
    await ipBatchOf(pid, [
      'link set lo up',
      `address add ${address}/32 dev eth0`,
      'link set eth0 up',
      `route add default via ${gateway} dev eth0 onlink`,
    ]);
    await shutIpv6(pid, 'eth0', mtu);
  }

  async #observe(address: string, pid: number): Promise<Wiring> {
    const [hosts, podLinks, routes] = await Promise.all([
      ipJson<Link>(['address', 'show', 'dev', podLinkName(address)]).catch(noSuchLink),
      ipJsonOf<Link>(pid, ['address', 'show']),
      ipJsonOf<{ gateway?: string }>(pid, ['-4', 'route', 'show', 'default']),
    ]);
    return { address, gateway: this.#options.bridge().gateway, hostLink: hosts[0], podLinks, routes };
  }

  /** Takes links away; one that is gone meanwhile is as good. */
  async #unplug(names: string[]): Promise<void> {
    if (names.length === 0) return;
    try {
      await this.#options.ip.run(names.map((name) => `link del ${name}`));
    } catch (error) {
      // Some had gone before, with their pods' namespaces.
      const left = (await observePodLinks()).map(({ ifname }) => ifname).filter((name) => names.includes(name));
      if (left.length > 0) throw error;
    }
  }
}

/** What is there of a pod's link, on either side. */
export interface Wiring {
  address: string;
  gateway: string;
  hostLink: Link | undefined;
  podLinks: Link[];
  routes: { gateway?: string }[];
}

/** Whether the pod's eth0 is the other end of its link and has all that it needs. */
export function isWired(observed: Wiring): boolean {
  const { address, gateway, hostLink, podLinks, routes } = observed;
  const podLink = podLinks.find(({ ifname }) => ifname === 'eth0');
  const isUp = (link: Link | undefined) => link?.flags.includes('UP') ?? false;
  return (
    isUp(hostLink) &&
    hostLink?.master === bridgeName &&
    isUp(podLink) &&
    podLink?.link_index === hostLink.ifindex &&
    (podLink.addr_info ?? []).some(({ local }) => local === address) &&
    isUp(podLinks.find(({ ifname }) => ifname === 'lo')) &&
    routes.some((route) => route.gateway === gateway)
  );
}

/** Who was wired by an earlier version may have it. */
async function ensureNoIpv6(podLinks: Link[], pid: number): Promise<void> {
  const eth0 = podLinks.find(({ ifname }) => ifname === 'eth0');
  if (eth0 && hasIpv6(eth0)) await shutIpv6(pid, 'eth0', eth0.mtu);
}

/** The links to pods, of pods that are and that were. */
async function observePodLinks(): Promise<Link[]> {
  const links = await ipJson<Link>(['link', 'show', 'type', 'veth']);
  return links.filter(({ ifname }) => isPodLinkName(ifname));
}

function noSuchLink(error: unknown): Link[] {
  if (error instanceof ExecError && error.exitCode === 1) return [];
  throw error;
}
