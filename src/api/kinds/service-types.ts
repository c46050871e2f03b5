// Services by what their type brings with it: an address in the cluster, ports on every node, a way in from outside.
import type { IService } from 'kubernetes-models/v1/Service';
import type { Served } from '../meta.ts';

export type Service = Served<IService>;
export type ServicePort = NonNullable<Service['spec']['ports']>[number];
type Spec = Service['spec'];

export const isHeadless = ({ spec }: Service): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';

export const needsClusterIp = ({ type }: Spec): boolean =>
  type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';

/** Those that a service names it has also where none are given out to it. */
export const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';

export const needsNodePorts = (spec: Spec): boolean =>
  hasNodePorts(spec) && (spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false);

export const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

/** Whether anybody outside can come in. */
export const isExternallyAccessible = ({ type, externalIPs }: Spec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0);

/** Services that bear it are served by a proxy of that name, and not by the nodes' own. */
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name';

export const isForOtherProxy = ({ metadata }: Service): boolean => metadata.labels?.[proxyNameLabel] !== undefined;

/** On a service: the node that holds the address of its load balancer and answers for it. */
export const announcedByAnnotation = 'wherry.io/announced-by';
