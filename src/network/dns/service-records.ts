// What DNS has to know of one service and of what stands behind it, worked out once where the cluster is watched. Pure.
import type { EndpointPort, EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { hasClusterIp, type Service } from '../../api/kinds/service.ts';
import { keyOf } from '../../api/meta.ts';

export interface ServiceRecords {
  /** Namespace and name, as shop/web. */
  key: string;
  /** Absent where there is none: the service is headless, or another name for something. */
  clusterIp?: string;
  externalName?: string;
  /** Those of the service itself. */
  ports: RecordPort[];
  endpoints: EndpointRecords[];
}

export interface RecordPort {
  /** Empty where the only port has none. */
  name: string;
  protocol: string;
  port: number;
}

/** An endpoint that is ready. */
export interface EndpointRecords {
  address: string;
  hostname?: string;
  ports: RecordPort[];
}

export function serviceRecords(service: Service, slices: readonly EndpointSlice[]): ServiceRecords {
  const { spec } = service;
  const key = keyOf(service);
  if (spec.type === 'ExternalName')
    return { key, externalName: plainName(spec.externalName ?? ''), ports: [], endpoints: [] };
  const ports = (spec.ports ?? []).map(portOf);
  const endpoints = readyEndpoints(slices);
  return { key, ...(hasClusterIp(service) && { clusterIp: spec.clusterIP ?? '' }), ports, endpoints };
}

/** An address may be in several slices, with a port in each. */
function readyEndpoints(slices: readonly EndpointSlice[]): EndpointRecords[] {
  const found = new Map<string, EndpointRecords>();
  for (const { addressType, ports = [], endpoints } of slices) {
    if (addressType !== 'IPv4') continue;
    const slicePorts = ports.map(portOf);
    for (const { addresses, conditions, hostname } of endpoints) {
      if (!(conditions?.ready ?? true)) continue;
      for (const address of addresses) {
        const known = found.get(address);
        if (!known)
          found.set(address, { address, ...(hostname && { hostname: hostname.toLowerCase() }), ports: slicePorts });
        else found.set(address, { ...known, ports: withoutRepeats([...known.ports, ...slicePorts]) });
      }
    }
  }
  return [...found.values()];
}

function withoutRepeats(ports: RecordPort[]): RecordPort[] {
  return [...new Map(ports.map((port) => [`${port.name}/${port.protocol}/${port.port}`, port])).values()];
}

function portOf({ name, protocol, port }: EndpointPort): RecordPort {
  return { name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase(), port: port ?? 0 };
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
