// Addresses of load balancers that this node answers for: they stand on the link to the LAN, and everybody on the LAN is told
// when one comes here. Who answers is the master's choice, written on the service.
// Holds: an address is taken back only when the services say so, never because nobody can be asked.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressRange, addressOfNumber, parseAddressRange } from '../../api/address-range.ts';
import { isInRange } from '../../api/cluster-settings.ts';
import type { Service } from '../../api/kinds/service.ts';
import { announcedByAnnotation } from '../../api/kinds/service-types.ts';
import { ipv4Address } from '../../api/traffic-rules.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { type IpBatch, type Link, observeLinks } from '../ip-command.ts';
import { balancerMark, isBalancerMarked } from '../owned-names.ts';

export interface HeldAddress {
  address: string;
  link: string;
}

export interface BalancerAddressesOptions {
  nodeName: string;
  nodeAddress: string;
  services: Informer<Service>;
  ip: Pick<IpBatch, 'run'>;
  clock: Clock;
  log: Log;
}

/** What this node has to answer for. */
export function announcedHere(services: readonly Service[], nodeName: string): string[] {
  const own = services.filter(
    ({ spec, metadata }) => spec.type === 'LoadBalancer' && metadata.annotations?.[announcedByAnnotation] === nodeName,
  );
  const ingress = own.flatMap(({ status }) => status.loadBalancer?.ingress ?? []);
  return [...new Set(ingress.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' && ipv4Address(ip)) || []))];
}

/** Those that stand here, by our mark. */
export function heldAddresses(links: readonly Link[]): HeldAddress[] {
  return links.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.filter((each) => isBalancerMarked(ifname, each)).map(({ local }) => ({ address: local, link: ifname })),
  );
}

export interface AddressSteps {
  lines: string[];
  /** Those that come here by that. */
  added: HeldAddress[];
}

/** Addresses that are on a link already, and not by us, are the host's own and nobody's to take away. */
export function planAddresses(wanted: readonly string[], links: readonly Link[], nodeAddress: string): AddressSteps {
  const held = heldAddresses(links);
  const present = new Set(links.flatMap(({ addr_info = [] }) => addr_info.map(({ local }) => local)));
  const added = wanted
    .filter((address) => !present.has(address))
    .flatMap((address) => linkFor(address, links, nodeAddress));
  const surplus = held.filter(({ address }) => !wanted.includes(address));
  return {
    lines: [
      ...surplus.map(({ address, link }) => `address del ${address}/32 dev ${link}`),
      ...added.map(({ address, link }) => `address add ${address}/32 dev ${link} ${balancerMark(link)}`),
    ],
    added,
  };
}

/** The link on whose range the address lies; else the one by which other nodes come. */
function linkFor(address: string, links: readonly Link[], nodeAddress: string): HeldAddress[] {
  const link =
    links.find((each) =>
      ownAddresses(each).some(({ local, prefixlen }) => isInRange(address, `${local}/${prefixlen}`)),
    ) ?? links.find((each) => ownAddresses(each).some(({ local }) => local === nodeAddress));
  return link ? [{ address, link: link.ifname }] : [];
}

/** The host's own, none of a load balancer. */
const ownAddresses = ({ ifname, addr_info = [] }: Link) => addr_info.filter((each) => !isBalancerMarked(ifname, each));

export class BalancerAddresses {
  readonly #options: BalancerAddressesOptions;
  readonly #queue: WorkQueue;

  constructor(options: BalancerAddressesOptions) {
    this.#options = options;
    const { log, clock } = options;
    this.#queue = new WorkQueue({
      name: 'balancer addresses',
      log,
      clock,
      sync: (key, signal) => (key === all ? this.#sync() : this.#announce(key, signal)),
      workers: 4,
    });
  }

  /** From then on the services are known. */
  start(signal: AbortSignal): void {
    this.#queue.start(signal);
    this.check();
    this.#options.services.onChange(({ object, previous }) => {
      const wanted = (service: Service | undefined) =>
        service ? announcedHere([service], this.#options.nodeName).join() : '';
      if (wanted(object) !== wanted(previous)) this.check();
    });
  }

  check(): void {
    this.#queue.add(all);
  }

  async #sync(): Promise<void> {
    const { services, nodeName, nodeAddress, ip, log } = this.#options;
    const links = await observeLinks();
    const { lines, added } = planAddresses(announcedHere(services.list(), nodeName), links, nodeAddress);
    await ip.run(lines);
    if (lines.length > 0) log.info('addresses of load balancers', { steps: lines.join('; ') });
    for (const { address } of added) this.#queue.add(address);
  }

  /** Thrice, as others may not hear the first. */
  async #announce(address: string, signal: AbortSignal): Promise<void> {
    for (const waitMs of [0, 1_000, 3_000]) {
      await this.#options.clock.sleep(waitMs, signal);
      const links = await observeLinks();
      const held = heldAddresses(links).find((each) => each.address === address);
      const link = links.find(({ ifname }) => ifname === held?.link);
      const [own] = link ? ownAddresses(link) : [];
      const range = own && parseAddressRange(`${own.local}/${own.prefixlen}`);
      if (range) await askAround(address, range);
    }
  }
}

const all = 'all';

/**
 * Sends a datagram in the name of the address to neighbours that nobody has spoken to yet. The kernel asks the LAN for them, and
 * from the question everybody who knows the address learns where it is now, as from a gratuitous ARP.
 */
async function askAround(address: string, range: AddressRange): Promise<void> {
  const size = range.last - range.first - 1;
  if (size < 2) return;
  const socket = createSocket('udp4');
  socket.on('error', () => {}); // nobody there: that is the point
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
    for (let count = 0; count < 3; count++) {
      const target = addressOfNumber(range.first + 1 + Math.floor(Math.random() * size));
      const sent = Promise.withResolvers<void>();
      socket.send('', 9, target, () => sent.resolve());
      await sent.promise;
    }
  } finally {
    socket.close();
  }
}
