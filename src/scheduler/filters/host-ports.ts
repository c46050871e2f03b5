// The ports of the host that the pod wants for itself are free.
import { collide } from '../../api/host-ports.ts';
import type { Filter } from './filter.ts';

export const hostPortsFilter: Filter = {
  refusals: ({ hostPorts }, room) =>
    hostPorts.some((wanted) => [...room.hostPorts].some((taken) => collide(wanted, taken)))
      ? ["node(s) didn't have free ports for the requested pod ports"]
      : [],
  helpedBy: ['node-changed', 'pod-gone'],
};
