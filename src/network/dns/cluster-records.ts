// What the cluster's DNS knows of the cluster, looked up in the informers' copies by name and by address.
import { type EndpointSlice, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { keyOf } from '../../api/meta.ts';
import type { Informer } from '../../client/informer.ts';

export interface ClusterRecords {
  service(namespace: string, name: string): Service | undefined;
  hasNamespace(namespace: string): boolean;
  slicesOf(service: Service): EndpointSlice[];
  serviceAt(clusterIp: string): Service | undefined;
  slicesAt(endpointAddress: string): EndpointSlice[];
}

export function clusterRecords(options: {
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  /** The slices of a service by its key. */
  slicesOf: (serviceKey: string) => EndpointSlice[];
}): ClusterRecords {
  const { services, slices, slicesOf } = options;
  const byNamespace = services.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const byClusterIp = services.indexBy(({ spec }) => (spec.clusterIP ? [spec.clusterIP] : []));
  const byEndpoint = slices.indexBy((slice) => slice.endpoints.flatMap(({ addresses }) => addresses));
  return {
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    hasNamespace: (namespace) => byNamespace(namespace).length > 0,
    slicesOf: (service) => slicesOf(keyOf(service)),
    serviceAt: (clusterIp) => byClusterIp(clusterIp)[0],
    slicesAt: byEndpoint,
  };
}

/** The name of the service that a slice belongs to. */
export function serviceNameOf(slice: EndpointSlice): string {
  return slice.metadata.labels?.[serviceNameLabel] ?? '';
}
