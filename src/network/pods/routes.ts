// Routes to the pod networks of the other nodes, by way of those nodes' own addresses, as nodes come, go and change.
// They bear a protocol number of ours: by it they are found again, and no other route is ever touched.

import { isInRange } from '../../api/cluster-settings.ts';
import { addressOf, type Node } from '../../api/kinds/node.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { type IpBatch, ipJson, type Link, observeLinks } from '../ip-command.ts';
import { bridgeName, routeProtocol } from '../owned-names.ts';

/** A route as `ip -json route show` tells it. */
export interface Route {
  dst: string;
  gateway?: string;
  dev: string;
}

export interface RoutePlan {
  /** Lines for `ip -batch`. */
  lines: string[];
  /** Nodes to which no direct way leads. */
  unreachable: { node: string; address: string }[];
}

export interface RoutesOptions {
  nodeName: string;
  nodes: Informer<Node>;
  ip: IpBatch;
  log: Log;
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #queue: WorkQueue;
  #told = '';

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
    const { nodeName, nodes, ip, log } = this.#options;
    const [routes, links] = await Promise.all([observeRoutes(), observeLinks()]);
    const { lines, unreachable } = planRoutes({ nodeName, nodes: nodes.list(), routes, links });
    const telling = JSON.stringify(unreachable);
    if (telling !== this.#told) {
      for (const { node, address } of unreachable)
        log.warn('no route to the pods of a node: its address is on no link of this host', { node, address });
    }
    this.#told = telling;
    await ip.run(lines);
    if (lines.length > 0) log.info('routes changed', { lines: lines.join('; ') });
  }
}

const wayTo = (node: Node) => `${node.spec.podCIDR ?? ''} via ${addressOf(node, 'InternalIP') ?? ''}`;

/** Our routes to other nodes; the one to the services goes with the bridge. */
export async function observeRoutes(): Promise<Route[]> {
  const routes = await ipJson<Route>(['-4', 'route', 'show', 'proto', String(routeProtocol)]);
  return routes.filter(({ dev }) => dev !== bridgeName);
}

export function planRoutes(observed: { nodeName: string; nodes: Node[]; routes: Route[]; links: Link[] }): RoutePlan {
  const { nodeName, nodes, routes, links } = observed;
  const plan: RoutePlan = { lines: [], unreachable: [] };
  const wanted = new Map<string, { gateway: string; dev: string }>();
  for (const node of nodes) {
    const gateway = addressOf(node, 'InternalIP');
    const { podCIDR } = node.spec;
    if (node.metadata.name === nodeName || !gateway || !podCIDR) continue;
    // Several agents on one host share its address, and there is no way from it to itself.
    const dev = isOwnAddress(gateway, links) ? undefined : linkTo(gateway, links);
    if (dev) wanted.set(podCIDR, { gateway, dev });
    else plan.unreachable.push({ node: node.metadata.name, address: gateway });
  }
  for (const { dst, gateway, dev } of routes) {
    const wish = wanted.get(dst);
    if (!wish) plan.lines.push(`route del ${dst} dev ${dev} proto ${routeProtocol}`);
    else if (wish.gateway === gateway && wish.dev === dev) wanted.delete(dst);
  }
  for (const [dst, { gateway, dev }] of wanted)
    plan.lines.push(`route replace ${dst} via ${gateway} dev ${dev} proto ${routeProtocol}`);
  return plan;
}

function isOwnAddress(address: string, links: Link[]): boolean {
  return links.some(({ addr_info }) => addr_info?.some(({ local }) => local === address));
}

/** The link in whose network the address lies, the narrowest if there are several. */
function linkTo(address: string, links: Link[]): string | undefined {
  const networks = links
    .filter(({ ifname, flags }) => ifname !== bridgeName && flags.includes('UP'))
    .flatMap(({ ifname, addr_info }) => (addr_info ?? []).map((own) => ({ ifname, ...own })))
    .filter(({ local, prefixlen }) => isInRange(address, `${local}/${prefixlen}`));
  return networks.sort((one, other) => other.prefixlen - one.prefixlen)[0]?.ifname;
}
