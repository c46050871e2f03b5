// The ports of this host that are to lead to a pod.
import { hostPortsOf } from '../../api/host-ports.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isIpAddress } from '../../api/name-rules.ts';
import type { HostPort } from '../pod-network.ts';

/** Throws where one says an address that is none: the API takes any text for it. */
export function portsLedTo({ spec }: Pod): HostPort[] {
  // There a port of a container is the host's without being led anywhere.
  if (spec.hostNetwork) return [];
  const ports = hostPortsOf(spec);
  for (const { address, port } of ports)
    if (!isIpAddress(address))
      throw new Error(`hostIP ${JSON.stringify(address)} of hostPort ${port} is no IP address`);
  return ports.flatMap(({ address, protocol, port, containerPort }) =>
    protocol === 'TCP' || protocol === 'UDP'
      ? [{ protocol: protocol === 'UDP' ? 'udp' : 'tcp', hostIp: address, hostPort: port, containerPort }]
      : [],
  );
}
