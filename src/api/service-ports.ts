// Where a service's port ends in a pod: a number, or the name of a container's port.
import type { Pod } from './kinds/pod.ts';
import type { ServicePort } from './kinds/service.ts';

/** The port in the pod, or undefined where the pod has none of that name. */
export function targetPortIn(pod: Pod, { targetPort, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (typeof targetPort !== 'string') return targetPort || port;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const { name, containerPort, protocol: own = 'TCP' } of container.ports ?? []) {
      if (name === targetPort && own === protocol) return containerPort;
    }
  }
  return undefined;
}
