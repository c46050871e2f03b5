// Keeps what stands behind every service with a selector: its EndpointSlices, which the nodes route by, and its
// Endpoints object. A pod that begins to end is taken out at once: its event leads straight to the write.
import { isDeepStrictEqual } from 'node:util';
import {
  type EndpointSlice,
  endpointSlices,
  managedByLabel,
  serviceNameLabel,
} from '../../api/kinds/endpoint-slice.ts';
import { endpoints } from '../../api/kinds/endpoints.ts';
import { nodes } from '../../api/kinds/node.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type Service, services } from '../../api/kinds/service.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { matchesMap } from '../../api/selector.ts';
import { isAlreadyExists, unlessGone } from '../../api/status.ts';
import type { Change } from '../../client/informer.ts';
import { Expectations } from '../children/expectations.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import {
  endpointsManagedByLabel,
  endpointsManager,
  planEndpoints,
  planSlices,
  type SliceStep,
  sliceManager,
} from './service-endpoints-plan.ts';

const largeEndpoints = 100;
const longestRestMs = 500;

export function serviceEndpointsController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('endpoints');
  const allServices = informers.for(services);
  const allPods = informers.for(pods);
  const allSlices = informers.for(endpointSlices);
  const allEndpoints = informers.for(endpoints);
  const allNodes = informers.for(nodes);
  const zoneOf = (nodeName: string) => allNodes.get(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
  const isEnding = endingNamespaces(informers);
  const servicesByNamespace = allServices.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const podsByNamespace = allPods.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const slicesByService = allSlices.indexBy((slice) => serviceKeyOf(slice) ?? []);

  const queue = context.workQueue({ name: 'endpoints', log, clock, sync: syncService, workers: 8, restMs });
  const expectations = new Expectations({ clock, onExpired: (key) => queue.add(key) });

  /** How many pods stood behind a service when it was looked at. */
  const sizes = new Map<string, number>();

  allServices.onChange(({ key }) => queue.add(key));
  allEndpoints.onChange(({ key }) => queue.add(key));
  allPods.onChange(podChanged);
  allSlices.onChange(sliceChanged);

  function podChanged({ object, previous }: Change<Pod>): void {
    if (object && previous && isSameBehindService(object, previous)) return;
    const namespace = (object ?? previous)?.metadata.namespace ?? '';
    for (const service of servicesByNamespace(namespace)) {
      const isSelected = (pod: Pod | undefined) => pod && matchesMap(service.spec.selector, pod.metadata.labels);
      if (isSelected(object) || isSelected(previous)) queue.add(keyOf(service));
    }
  }

  function sliceChanged({ object, previous }: Change<EndpointSlice>): void {
    const slice = object ?? previous;
    const [key] = (slice && serviceKeyOf(slice)) ?? [];
    if (!slice || key === undefined) return;
    if (!previous) expectations.creationObserved(key);
    if (!object || isBeingDeleted(object)) expectations.deletionObserved(key, slice.metadata.uid ?? '');
    queue.add(key);
  }

  /** As many endpoints a second as there are changes make a large service costly; the first change is told at once. */
  function restMs(key: string): number {
    const count = sizes.get(key) ?? 0;
    return count > largeEndpoints ? Math.min(count / 10, longestRestMs) : 0;
  }

  async function syncService(key: string): Promise<void> {
    const service = allServices.get(key);
    if (service && !isKeptHere(service)) return;
    if (!expectations.isMet(key)) return;
    if (!service || isBeingDeleted(service)) return cleanUp(key);
    const selected = podsByNamespace(service.metadata.namespace ?? '').filter(({ metadata }) =>
      matchesMap(service.spec.selector, metadata.labels),
    );
    sizes.set(key, selected.length);
    const isPossible = (step: SliceStep) => step.do !== 'create' || !isEnding(service.metadata.namespace);
    await Promise.all([
      doSlices(key, planSlices(service, selected, slicesByService(key), zoneOf).filter(isPossible)),
      writeEndpoints(key, service, selected),
    ]);
  }

  /** Slices would go with their owner; but nobody should be sent to pods by a service that is gone. */
  async function cleanUp(key: string): Promise<void> {
    sizes.delete(key);
    await doSlices(
      key,
      slicesByService(key).map((slice) => ({ do: 'delete', slice })),
    );
    const known = allEndpoints.get(key);
    if (known?.metadata.labels?.[endpointsManagedByLabel] !== endpointsManager) return;
    await client.delete(endpoints, known.metadata, { uid: known.metadata.uid }).catch(unlessGone);
  }

  async function doSlices(key: string, steps: SliceStep[]): Promise<void> {
    expectations.expect(key, {
      creations: steps.filter((step) => step.do === 'create').length,
      deletions: steps.flatMap((step) => (step.do === 'delete' ? [step.slice.metadata.uid ?? ''] : [])),
    });
    for (const [index, step] of steps.entries()) {
      try {
        await doSlice(key, step);
      } catch (error) {
        for (const undone of steps.slice(index)) giveUp(key, undone);
        throw error;
      }
    }
  }

  async function doSlice(key: string, step: SliceStep): Promise<void> {
    switch (step.do) {
      case 'create':
        await client.create(endpointSlices, step.draft);
        return;
      case 'update':
        await client.update(endpointSlices, step.slice);
        return;
      case 'delete': {
        const { metadata } = step.slice;
        await client.delete(endpointSlices, metadata, { uid: metadata.uid }).catch((error: unknown) => {
          unlessGone(error);
          expectations.deletionObserved(key, metadata.uid ?? '');
        });
      }
    }
  }

  function giveUp(key: string, step: SliceStep): void {
    if (step.do === 'create') expectations.creationObserved(key);
    if (step.do === 'delete') expectations.deletionObserved(key, step.slice.metadata.uid ?? '');
  }

  async function writeEndpoints(key: string, service: Service, selected: readonly Pod[]): Promise<void> {
    const step = planEndpoints(service, selected, allEndpoints.get(key));
    if (step.do === 'update') await client.update(endpoints, step.endpoints);
    if (step.do !== 'create' || isEnding(service.metadata.namespace)) return;
    await client.create(endpoints, step.draft).catch((error: unknown) => {
      // There already, only not in the cache yet: its event brings us here again.
      if (!isAlreadyExists(error)) throw error;
    });
  }

  return { name: 'endpoints', start: (signal) => queue.start(signal) };
}

/** Most changes of a pod are none of its services': its place and whether it serves are. */
function isSameBehindService(one: Pod, other: Pod): boolean {
  const what = ({ metadata, spec, status }: Pod) => [
    metadata.labels,
    metadata.deletionTimestamp,
    spec.nodeName,
    status.phase,
    status.podIPs ?? status.podIP,
    status.conditions?.find(({ type }) => type === 'Ready')?.status,
  ];
  return one.metadata.uid === other.metadata.uid && isDeepStrictEqual(what(one), what(other));
}

/** Services without a selector are kept by whoever made them. */
function isKeptHere({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0;
}

function serviceKeyOf({ metadata: { namespace, labels } }: EndpointSlice): string[] | undefined {
  const name = labels?.[serviceNameLabel];
  return name && labels[managedByLabel] === sliceManager ? [`${namespace}/${name}`] : undefined;
}
