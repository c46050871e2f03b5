// Ways to the pods of the other nodes, as nodes come, go and change: a direct route where both share a link, a route into the
// tunnel where they do not. Routes bear a protocol number of ours: by it they are found again, and no other is ever touched.

import type { NetworkBackend } from '../../api/cluster-settings.ts';
import { addressOf, type Node } from '../../api/kinds/node.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { type IpBatch, ipJson, observeLinks } from '../ip-command.ts';
import { bridgeName, routeProtocol, tunnelName } from '../owned-names.ts';
import { ensureSysctls } from '../sysctls.ts';
import { gatewayOf, type NodeWay, nodeWays } from './node-ways.ts';
import { observeTunnel, planTunnel, writeEntries } from './vxlan.ts';

/** A route as `ip -json route show` tells it. */
export interface Route {
  dst: string;
  gateway?: string;
  dev: string;
  prefsrc?: string;
}

export interface RoutesOptions {
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  backend: NetworkBackend;
  nodes: Informer<Node>;
  ip: IpBatch;
  log: Log;
  /** The tunnel was made or taken away: pods may send larger or smaller packets now. */
  onTunnel(): Promise<void>;
  /** The ways that lead to the other nodes from now on; called when they have changed. */
  onWays(ways: NodeWay[]): void;
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #queue: WorkQueue;
  #told = '';
  #ways = '';

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: 'routes', log: options.log, sync: () => this.#sync() });
  }

  /** Follows the nodes once all of them are known: before that a route might be taken for stale. */
  async run(signal: AbortSignal): Promise<void> {
    const { nodes } = this.#options;
    await nodes.synced;
    nodes.onChange(({ object, previous }) => {
      if (!object || !previous || wayTo(object) !== wayTo(previous)) this.check();
    });
    this.check();
    this.#queue.start(signal);
  }

  check(): void {
    this.#queue.add('routes');
  }

  async #sync(): Promise<void> {
    const { nodeName, nodeAddress, podCidr, backend, nodes, ip, log } = this.#options;
    const [routes, links] = await Promise.all([observeRoutes(), observeLinks()]);
    const ways = nodeWays({ nodeName, nodeAddress, nodes: nodes.list(), links, backend });
    this.#tellUnreachable(ways.filter(({ by }) => by === undefined));
    const wrapped = ways.filter(({ by }) => by === 'tunnel');
    const observed = await observeTunnel(links);
    const tunnel = planTunnel({ nodeAddress, podCidr, links, ways: wrapped }, observed);
    const isRouteThere = ({ dev }: Route) => dev !== tunnelName || !(tunnel.isAnew || wrapped.length === 0);
    const lines = planRoutes(podCidr, ways, routes.filter(isRouteThere));
    await ip.run(tunnel.lines);
    await writeEntries(tunnel.entries);
    // Answers may come by another way than questions go, while two nodes do not see alike whether they share a link.
    if (wrapped.length > 0) await ensureSysctls({ [`net/ipv4/conf/${tunnelName}/rp_filter`]: '2' });
    await ip.run(lines);
    const changed = [...tunnel.lines, ...tunnel.entries, ...lines];
    if (changed.length > 0) log.info('routes changed', { lines: changed.join('; ') });
    if ((observed.link !== undefined) !== wrapped.length > 0) await this.#options.onTunnel();
    const said = JSON.stringify(ways);
    if (said !== this.#ways) this.#options.onWays(ways);
    this.#ways = said;
  }

  #tellUnreachable(ways: NodeWay[]): void {
    const telling = JSON.stringify(ways);
    if (telling !== this.#told) {
      for (const { node, address } of ways)
        this.#options.log.warn('no route to the pods of a node: its address is on no link of this host', {
          node,
          address,
        });
    }
    this.#told = telling;
  }
}

const wayTo = (node: Node) => `${node.spec.podCIDR ?? ''} via ${addressOf(node, 'InternalIP') ?? ''}`;

/** Our routes to other nodes; the one to the services goes with the bridge. */
export async function observeRoutes(): Promise<Route[]> {
  const routes = await ipJson<Route>(['-4', 'route', 'show', 'proto', String(routeProtocol)]);
  return routes.filter(({ dev }) => dev !== bridgeName);
}

/** The lines for `ip -batch` after which there are exactly the routes of these ways. */
export function planRoutes(podCidr: string, ways: NodeWay[], routes: Route[]): string[] {
  const wanted = new Map(ways.flatMap((way) => routeOf(way, podCidr)).map((route) => [route.dst, route]));
  const lines: string[] = [];
  for (const { dst, gateway, dev, prefsrc } of routes) {
    const wish = wanted.get(dst);
    if (!wish) lines.push(`route del ${dst} dev ${dev} proto ${routeProtocol}`);
    else if (wish.gateway === gateway && wish.dev === dev && wish.prefsrc === prefsrc) wanted.delete(dst);
  }
  for (const { dst, gateway, dev, prefsrc } of wanted.values()) {
    const source = prefsrc ? ` src ${prefsrc} onlink` : '';
    lines.push(`route replace ${dst} via ${gateway} dev ${dev}${source} proto ${routeProtocol}`);
  }
  return lines;
}

function routeOf({ podCidr: dst, address, by }: NodeWay, ownCidr: string): Route[] {
  if (by === undefined) return [];
  if (by !== 'tunnel') return [{ dst, gateway: address, dev: by.link }];
  // What this host sends itself bears an address that the pods there answer through the tunnel, too.
  return [{ dst, gateway: gatewayOf(dst), dev: tunnelName, prefsrc: gatewayOf(ownCidr) }];
}
