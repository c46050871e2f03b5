// The ports of this host that are to lead to a pod.
import { hostPortsOf } from '../../api/host-ports.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { HostPort } from '../pod-network.ts';

export function portsLedTo({ spec }: Pod): HostPort[] {
  // There a port of a container is the host's without being led anywhere.
  if (spec.hostNetwork) return [];
  return hostPortsOf(spec).flatMap(({ address, protocol, port, containerPort }) =>
    protocol === 'TCP' || protocol === 'UDP'
      ? [{ protocol: protocol === 'UDP' ? 'udp' : 'tcp', hostIp: address, hostPort: port, containerPort }]
      : [],
  );
}
