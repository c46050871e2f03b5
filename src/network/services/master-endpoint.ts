// Where pods of this node find the API: at the address by which the agent itself reaches it, whatever the master calls itself.
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';

export interface MasterEndpoint {
  address: string;
  port: number;
}

export const masterServiceKey = 'default/kubernetes';

/** Loopback is this host's alone, and pods have no IPv6: then what the master says of itself stands. */
export function slicesAsDialled(slices: EndpointSlice[], master: MasterEndpoint | undefined): EndpointSlice[] {
  if (!master || /^127\.|:/.test(master.address)) return slices;
  return [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'kubernetes' },
      addressType: 'IPv4',
      endpoints: [{ addresses: [master.address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: master.port, protocol: 'TCP' }],
    },
  ];
}
