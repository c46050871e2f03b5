// Gives services of type LoadBalancer their addresses, and names the node that answers for each; the nodes do the rest. Leaves
// alone who names another implementation by its class, and takes back what a service has no more use for.
import { isDeepStrictEqual } from 'node:util';
import { endpointSlices, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import { type Node, nodeReadiness, nodes } from '../../api/kinds/node.ts';
import { type Service, services } from '../../api/kinds/service.ts';
import { announcedByAnnotation } from '../../api/kinds/service-types.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { type BalancerPlan, isBalanced, planBalancers } from './load-balancer-plan.ts';

const all = 'all';

export function loadBalancerController(context: ControllerContext): Controller {
  const { client, informers, clock, loadBalancers } = context;
  const log = context.log.named('load-balancer');
  const events = context.recorder('service-controller');
  const allServices = informers.for(services);
  const allNodes = informers.for(nodes);
  const allSlices = informers.for(endpointSlices);
  const slicesOf = allSlices.indexBy(({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
  ]);
  const queue = context.workQueue({ name: 'load-balancer', log, clock, sync });
  /** What has been told of a service last, so that it is told once. */
  const told = new Map<string, string>();

  allServices.onChange(({ key, object, previous }) => {
    if (!object) told.delete(key);
    if ([object, previous].some((service) => service?.spec.type === 'LoadBalancer')) queue.add(all);
  });
  allNodes.onChange(({ object, previous }) => {
    if (!isDeepStrictEqual(object && balancingOf(object), previous && balancingOf(previous))) queue.add(all);
  });
  allSlices.onChange(({ object, previous }) => {
    const { metadata } = object ?? previous ?? {};
    const service = allServices.get(`${metadata?.namespace}/${metadata?.labels?.[serviceNameLabel] ?? ''}`);
    if (service?.spec.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local') queue.add(all);
  });

  /** All together: what one has, another cannot have. */
  async function sync(): Promise<void> {
    const known = allServices.list();
    const plans = planBalancers({ services: known, nodes: allNodes.list(), slicesOf, ...loadBalancers });
    const writes = known.map((service) =>
      write(service, plans.get(`${service.metadata.namespace}/${service.metadata.name}`)),
    );
    const failed = (await Promise.allSettled(writes)).find((write) => write.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async function write(service: Service, plan: BalancerPlan | undefined): Promise<void> {
    if (!plan && !isLeftOver(service)) return;
    const { addresses, announcedBy, fault } = plan ?? { addresses: [] };
    if (fault) tellFault(service, fault);
    const hadNone = !service.status.loadBalancer?.ingress?.length;
    const before = service.metadata.annotations?.[announcedByAnnotation];
    const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
    const isSame = isDeepStrictEqual(
      (service.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
      addresses,
    );
    try {
      let written = service;
      if (before !== announcedBy) {
        const annotations = { [announcedByAnnotation]: announcedBy ?? null };
        const { resourceVersion } = service.metadata;
        written = await client.patch(services, service.metadata, { metadata: { annotations, resourceVersion } });
      }
      if (isSame && before === announcedBy) return;
      if (!isSame) {
        const status = { ...written.status, loadBalancer: ingress.length > 0 ? { ingress } : {} };
        await client.update(services, { ...written, status }, 'status');
      }
      tellChange(service, { hadNone, hasNone: ingress.length === 0 });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  function tellChange(service: Service, { hadNone, hasNone }: { hadNone: boolean; hasNone: boolean }): void {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    if (hasNone) return;
    told.delete(key);
    const [reason, message] = hadNone
      ? ['EnsuredLoadBalancer', 'Ensured load balancer']
      : ['UpdatedLoadBalancer', 'Updated load balancer with new hosts'];
    events.record(service, { type: 'Normal', reason, message });
  }

  function tellFault(service: Service, fault: string): void {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    if (told.get(key) === fault) return;
    told.set(key, fault);
    const message = `Error syncing load balancer: failed to ensure load balancer: ${fault}`;
    events.record(service, { type: 'Warning', reason: 'SyncLoadBalancerFailed', message });
  }

  return { name: 'load-balancer', start: (signal) => queue.start(signal) };
}

/** What was given to a service when it still was of this type. */
function isLeftOver(service: Service): boolean {
  if (service.metadata.deletionTimestamp !== undefined || isBalanced(service)) return false;
  const isOthers = service.spec.type === 'LoadBalancer';
  const hasIngress = !isOthers && (service.status.loadBalancer?.ingress ?? []).length > 0;
  return hasIngress || service.metadata.annotations?.[announcedByAnnotation] !== undefined;
}

/** What of a node matters for its part in load balancing. */
function balancingOf(node: Node) {
  const { labels, deletionTimestamp } = node.metadata;
  return { labels, deletionTimestamp, addresses: node.status.addresses, readiness: nodeReadiness(node)?.status };
}
