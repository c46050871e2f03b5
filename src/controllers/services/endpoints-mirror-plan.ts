// The EndpointSlices that say the same as an Endpoints object which somebody keeps by hand for a service without a selector. Pure.
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  managedByLabel,
  serviceNameLabel,
} from '../../api/kinds/endpoint-slice.ts';
import type { Endpoints } from '../../api/kinds/endpoints.ts';
import type { Service } from '../../api/kinds/service.ts';
import { controllerReference, isBeingDeleted } from '../../api/meta.ts';
import { canonical } from '../../api/pod-template-hash.ts';
import { isIpv6 } from '../../api/traffic-rules.ts';
import type { SliceStep } from './service-endpoints-plan.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
/** By which programs once elected a leader in an Endpoints object: no addresses. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const ownAnnotations = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
];
const endpointsPerSlice = 1000;

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];
type Content = Pick<EndpointSlice, 'addressType' | 'ports' | 'endpoints'>;

export function isMirrored(endpoints: Endpoints, service: Service | undefined): boolean {
  const { labels, annotations } = endpoints.metadata;
  if (!service || isBeingDeleted(service) || isBeingDeleted(endpoints)) return false;
  if (labels?.[skipLabel] === 'true' || annotations?.[leaderAnnotation] !== undefined) return false;
  return service.spec.type !== 'ExternalName' && Object.keys(service.spec.selector ?? {}).length === 0;
}

/** The slices are those that mirror the object already. */
export function planMirror(endpoints: Endpoints, slices: readonly EndpointSlice[]): SliceStep[] {
  const metadata = sliceMetadata(endpoints);
  const left = new Map(slices.map((slice) => [slice.metadata.name, slice]));
  const steps: SliceStep[] = [];
  for (const content of contentsOf(endpoints)) {
    const name = `${endpoints.metadata.name}-${suffixOf(content)}`;
    const known = left.get(name);
    left.delete(name);
    if (!known) steps.push({ do: 'create', draft: { metadata: { ...metadata, name }, ...content } });
    else if (!isSame(known, metadata, content)) {
      steps.push({ do: 'update', slice: { ...known, metadata: { ...known.metadata, ...metadata }, ...content } });
    }
  }
  return [...steps, ...[...left.values()].map((slice): SliceStep => ({ do: 'delete', slice }))];
}

function sliceMetadata(endpoints: Endpoints) {
  const { name, namespace, labels, annotations = {} } = endpoints.metadata;
  const copied = Object.entries(annotations).filter(([key]) => !ownAnnotations.includes(key));
  return {
    ...(namespace && { namespace }),
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
    annotations: Object.fromEntries(copied),
    ownerReferences: [controllerReference(endpoints)],
  };
}

/** One for each set of ports and family of addresses. */
function contentsOf({ subsets = [] }: Endpoints): Content[] {
  const contents = new Map<string, Content>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ];
    for (const endpoint of all) {
      const addressType = isIpv6(endpoint.addresses[0] ?? '') ? 'IPv6' : 'IPv4';
      const slicePorts = ports.map(portOf);
      const key = canonical([addressType, slicePorts]);
      const content = contents.get(key) ?? { addressType, ports: slicePorts, endpoints: [] };
      contents.set(key, content);
      if (content.endpoints.length < endpointsPerSlice) content.endpoints.push(endpoint);
    }
  }
  return [...contents.values()];
}

function endpointOf({ ip, hostname, nodeName, targetRef }: Address, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

function portOf({
  name = '',
  port,
  protocol = 'TCP',
  appProtocol,
}: NonNullable<Subset['ports']>[number]): EndpointPort {
  return { name, port, protocol, ...(appProtocol && { appProtocol }) };
}

/** Follows from what is in it, so that it is never made twice. */
function suffixOf({ addressType, ports }: Content): string {
  return createHash('sha256')
    .update(canonical([addressType, ports]))
    .digest('hex')
    .slice(0, 5);
}

function isSame(
  { metadata, endpoints }: EndpointSlice,
  wanted: ReturnType<typeof sliceMetadata>,
  content: Content,
): boolean {
  return (
    isDeepStrictEqual(endpoints, content.endpoints) &&
    isDeepStrictEqual(metadata.labels, wanted.labels) &&
    isDeepStrictEqual(metadata.annotations ?? {}, wanted.annotations)
  );
}
