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

export const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: Spec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);

export const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

/** Whether anybody outside can come in. */
export const isExternallyAccessible = ({ type, externalIPs }: Spec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0);

/** On a service: the node that holds the address of its load balancer and answers for it. */
export const announcedByAnnotation = 'wherry.io/announced-by';
