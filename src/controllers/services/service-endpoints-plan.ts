// What stands behind a service, worked out once for both forms: EndpointSlices (changed as little as possible, at most a
// hundred endpoints each) and the older Endpoints object. Pure.
import { isDeepStrictEqual } from 'node:util';
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  managedByLabel,
  serviceNameLabel,
} from '../../api/kinds/endpoint-slice.ts';
import type { Endpoints } from '../../api/kinds/endpoints.ts';
import { isPodFinished, isPodReady, type Pod } from '../../api/kinds/pod.ts';
import type { Service } from '../../api/kinds/service.ts';
import { controllerOf, controllerReference, isBeingDeleted } from '../../api/meta.ts';
import { canonical } from '../../api/pod-template-hash.ts';
import { targetPortIn } from '../../api/service-ports.ts';
import type { Draft } from '../../client/client.ts';

export const sliceManager = 'endpointslice-controller.k8s.io';
export const endpointsManagedByLabel = 'endpoints.kubernetes.io/managed-by';
export const endpointsManager = 'endpoint-controller';
const headlessLabel = 'service.kubernetes.io/headless';
const endpointsPerSlice = 100;
const addressesAtMost = 1000;
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

export type SliceStep =
  | { do: 'create'; draft: Draft<EndpointSlice> }
  | { do: 'update'; slice: EndpointSlice }
  | { do: 'delete'; slice: EndpointSlice };

/** Endpoints that answer on the same ports: a named target port may be another number in another pod. */
interface Group {
  ports: EndpointPort[];
  members: { pod: Pod; endpoint: Endpoint }[];
}

/** The zone of a node, where it says one. */
export type ZoneOf = (nodeName: string) => string | undefined;
const noZones: ZoneOf = () => undefined;

function groupsOf(service: Service, pods: readonly Pod[], zoneOf = noZones): Group[] {
  const groups = new Map<string, Group>();
  const sorted = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const pod of sorted) {
    if (isPodFinished(pod) || !pod.status.podIP) continue;
    const ports = portsIn(service, pod);
    const group = groups.get(canonical(ports)) ?? { ports, members: [] };
    groups.set(canonical(ports), group);
    group.members.push({ pod, endpoint: endpointOf(service, pod, zoneOf) });
  }
  return [...groups.values()];
}

function portsIn(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    const port = targetPortIn(pod, servicePort);
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol && { appProtocol }) }];
  });
}

/** A pod on its way out is not ready from the first moment, whatever its probes say. */
function endpointOf(service: Service, pod: Pod, zoneOf: ZoneOf): Endpoint {
  const serving = isPodReady(pod);
  const terminating = isBeingDeleted(pod);
  const ready = (service.spec.publishNotReadyAddresses ?? false) || (serving && !terminating);
  const { nodeName } = pod.spec;
  const zone = nodeName && zoneOf(nodeName);
  const hints = ready ? hintsFor(service, nodeName, zone) : undefined;
  return {
    addresses: [pod.status.podIP ?? ''],
    conditions: { ready, serving, terminating },
    ...identityOf(service, pod),
    ...(zone && { zone }),
    ...(hints && { hints }),
  };
}

/** From where an endpoint is to be used, by the service's wish to keep its traffic near. */
function hintsFor({ spec }: Service, nodeName: string | undefined, zone: string | undefined): Endpoint['hints'] {
  const inZone = zone && { forZones: [{ name: zone }] };
  switch (spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return inZone || undefined;
    case 'PreferSameNode':
      return nodeName ? { ...inZone, forNodes: [{ name: nodeName }] } : undefined;
    default:
      return undefined;
  }
}

function identityOf(service: Service, pod: Pod) {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  return {
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName && { nodeName }),
    ...(hostname && subdomain === service.metadata.name && { hostname }),
  };
}

const isHeadless = ({ spec }: Service) => spec.clusterIP === 'None';

function sliceLabels(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    ...(isHeadless(service) && { [headlessLabel]: '' }),
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: sliceManager,
  };
}

/** The slices given are those that this controller keeps under the service's name. */
export function planSlices(
  service: Service,
  pods: readonly Pod[],
  slices: readonly EndpointSlice[],
  zoneOf = noZones,
): SliceStep[] {
  const isForeign = (slice: EndpointSlice) =>
    controllerOf(slice)?.uid !== service.metadata.uid || slice.addressType !== 'IPv4';
  const steps: SliceStep[] = slices.filter(isForeign).map((slice) => ({ do: 'delete', slice }));
  const groups = groupsOf(service, pods, zoneOf);
  // Where there would be none, one empty slice shows that the service has been looked at.
  if (groups.length === 0) groups.push({ ports: [], members: [] });
  const left = new Map(
    Map.groupBy(
      slices.filter((slice) => !isForeign(slice)),
      portsKey,
    ),
  );
  for (const { ports, members } of groups) {
    const key = canonical(ports);
    const wanted = members.map(({ endpoint }) => endpoint);
    steps.push(...planGroup(service, ports, wanted, left.get(key) ?? []));
    left.delete(key);
  }
  for (const slice of [...left.values()].flat()) steps.push({ do: 'delete', slice });
  const order = { create: 0, update: 1, delete: 2 };
  return steps.toSorted((a, b) => order[a.do] - order[b.do]);
}

const portsKey = (slice: EndpointSlice) => canonical(slice.ports ?? []);

function planGroup(
  service: Service,
  ports: EndpointPort[],
  wanted: Endpoint[],
  slices: readonly EndpointSlice[],
): SliceStep[] {
  const waiting = new Map(wanted.map((endpoint) => [endpoint.targetRef?.uid ?? '', endpoint]));
  const labels = sliceLabels(service);
  const kept = slices.map((slice) => {
    const endpoints = slice.endpoints.flatMap(({ targetRef }) => take(waiting, targetRef?.uid ?? '') ?? []);
    const isSame = isDeepStrictEqual(endpoints, slice.endpoints) && isDeepStrictEqual(labels, slice.metadata.labels);
    return { slice, endpoints, isSame };
  });
  for (const { endpoints, isSame } of kept) if (!isSame) fill(endpoints, waiting);
  const fitting = kept
    .filter(({ endpoints }) => endpoints.length + waiting.size <= endpointsPerSlice)
    .toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (fitting && waiting.size > 0) {
    fill(fitting.endpoints, waiting);
    fitting.isSame = false;
  }
  const steps: SliceStep[] = [];
  const isPlaceholder = wanted.length === 0;
  for (const [index, { slice, endpoints, isSame }] of kept.entries()) {
    if (endpoints.length === 0 && !(isPlaceholder && index === 0)) steps.push({ do: 'delete', slice });
    else if (!isSame) {
      steps.push({ do: 'update', slice: { ...slice, metadata: { ...slice.metadata, labels }, endpoints } });
    }
  }
  if (isPlaceholder && kept.length === 0) steps.push(createStep(service, labels, ports, []));
  while (waiting.size > 0) {
    const endpoints: Endpoint[] = [];
    fill(endpoints, waiting);
    steps.push(createStep(service, labels, ports, endpoints));
  }
  return steps;
}

function take(waiting: Map<string, Endpoint>, uid: string): Endpoint | undefined {
  const endpoint = waiting.get(uid);
  waiting.delete(uid);
  return endpoint;
}

function fill(endpoints: Endpoint[], waiting: Map<string, Endpoint>): void {
  for (const [uid, endpoint] of waiting) {
    if (endpoints.length >= endpointsPerSlice) return;
    endpoints.push(endpoint);
    waiting.delete(uid);
  }
}

function createStep(
  service: Service,
  labels: Record<string, string>,
  ports: EndpointPort[],
  endpoints: Endpoint[],
): SliceStep {
  const { name, namespace } = service.metadata;
  const metadata = {
    generateName: `${name}-`,
    ...(namespace && { namespace }),
    labels,
    ownerReferences: [controllerReference(service)],
  };
  return { do: 'create', draft: { metadata, addressType: 'IPv4', endpoints, ports } };
}

export type EndpointsStep =
  | { do: 'create'; draft: Draft<Endpoints> }
  | { do: 'update'; endpoints: Endpoints }
  | { do: 'nothing' };

export function planEndpoints(service: Service, pods: readonly Pod[], known: Endpoints | undefined): EndpointsStep {
  const { subsets, isTruncated } = truncated(groupsOf(service, pods).flatMap((group) => subsetOf(service, group)));
  const labels = {
    ...service.metadata.labels,
    ...(isHeadless(service) && { [headlessLabel]: '' }),
    [endpointsManagedByLabel]: endpointsManager,
  };
  const { name, namespace } = service.metadata;
  const overCapacity = isTruncated ? { [overCapacityAnnotation]: 'truncated' } : {};
  if (!known) {
    const metadata = {
      name,
      ...(namespace && { namespace }),
      labels,
      ...(isTruncated && { annotations: overCapacity }),
    };
    return { do: 'create', draft: { metadata, subsets } };
  }
  const { [overCapacityAnnotation]: _, ...others } = known.metadata.annotations ?? {};
  const annotations = { ...others, ...overCapacity };
  const isSame =
    isDeepStrictEqual(known.subsets ?? [], subsets) &&
    isDeepStrictEqual(known.metadata.labels, labels) &&
    isDeepStrictEqual(known.metadata.annotations ?? {}, annotations);
  if (isSame) return { do: 'nothing' };
  return { do: 'update', endpoints: { ...known, metadata: { ...known.metadata, labels, annotations }, subsets } };
}

type Subset = NonNullable<Endpoints['subsets']>[number];

/** One object has room for a thousand addresses: those that are ready first. */
function truncated(subsets: Subset[]): { subsets: Subset[]; isTruncated: boolean } {
  const count = (of: (subset: Subset) => readonly unknown[] | undefined) =>
    subsets.reduce((sum, subset) => sum + (of(subset)?.length ?? 0), 0);
  const ready = count(({ addresses }) => addresses);
  if (ready + count(({ notReadyAddresses }) => notReadyAddresses) <= addressesAtMost)
    return { subsets, isTruncated: false };
  let roomForReady = addressesAtMost;
  let roomForOthers = Math.max(0, addressesAtMost - ready);
  const kept = subsets.map(({ addresses = [], notReadyAddresses = [], ports }): Subset => {
    const [own, others] = [addresses.slice(0, roomForReady), notReadyAddresses.slice(0, roomForOthers)];
    roomForReady -= own.length;
    roomForOthers -= others.length;
    return {
      ...(own.length > 0 && { addresses: own }),
      ...(others.length > 0 && { notReadyAddresses: others }),
      ...(ports && { ports }),
    };
  });
  return { subsets: kept.filter((subset) => subset.addresses || subset.notReadyAddresses), isTruncated: true };
}

/** The older form knows ready and not ready only; who is on the way out is in neither. */
function subsetOf(service: Service, { ports, members }: Group): NonNullable<Endpoints['subsets']> {
  const { publishNotReadyAddresses = false } = service.spec;
  const shown = members.filter(({ pod }) => publishNotReadyAddresses || !isBeingDeleted(pod));
  if (shown.length === 0 || (ports.length === 0 && (service.spec.ports ?? []).length > 0)) return [];
  const addressOf = ({ pod }: Group['members'][number]) => ({
    ip: pod.status.podIP ?? '',
    ...identityOf(service, pod),
  });
  const isReady = ({ pod }: Group['members'][number]) => publishNotReadyAddresses || isPodReady(pod);
  const addresses = shown.filter(isReady).map(addressOf);
  const notReadyAddresses = shown.filter((member) => !isReady(member)).map(addressOf);
  const plainPorts = ports.map(({ name, port = 0, protocol = 'TCP', appProtocol }) => ({
    ...(name && { name }),
    port,
    protocol,
    ...(appProtocol && { appProtocol }),
  }));
  return [
    {
      ...(addresses.length > 0 && { addresses }),
      ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
      ...(plainPorts.length > 0 && { ports: plainPorts }),
    },
  ];
}
