// The ports of its host that a pod wants for itself.
import type { Pod } from '../../api/kinds/pod.ts';
import type { HostPort } from '../pod-network.ts';

/** On the host's network a port of a container is the host's without being led anywhere. */
export function hostPortsOf({ spec }: Pod): HostPort[] {
  return spec.containers.concat(spec.initContainers ?? []).flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, containerPort, hostIP = '', protocol = 'TCP' }) =>
      hostPort && protocol !== 'SCTP'
        ? [
            {
              protocol: protocol === 'UDP' ? ('udp' as const) : ('tcp' as const),
              hostIp: hostIP,
              hostPort,
              containerPort,
            },
          ]
        : [],
    ),
  );
}

/** Whether both want the same port of the host. */
export function portsClash(one: HostPort, other: HostPort): boolean {
  const isSame = one.protocol === other.protocol && one.hostPort === other.hostPort;
  return isSame && (isAny(one) || isAny(other) || one.hostIp === other.hostIp);
}

const isAny = ({ hostIp }: HostPort) => hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
