// The ports of the host that the pod wants for itself are free.
import type { HostPort } from '../pod-demand.ts';
import type { Filter } from './filter.ts';

export const hostPortsFilter: Filter = {
  refusals: ({ hostPorts }, room) =>
    hostPorts.some((wanted) => [...room.hostPorts].some((taken) => collide(wanted, taken)))
      ? ["node(s) didn't have free ports for the requested pod ports"]
      : [],
  helpedBy: ['node-changed', 'pod-gone'],
};

function collide(one: HostPort, other: HostPort): boolean {
  const sameAddress = one.address === other.address || [one.address, other.address].includes('0.0.0.0');
  return sameAddress && one.protocol === other.protocol && one.port === other.port;
}
