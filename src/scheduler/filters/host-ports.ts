// The ports of the host that the pod wants for itself are free.
import { collide } from '../../api/host-ports.ts';
import { curable, type Filter } from './filter.ts';

const taken = curable("node(s) didn't have free ports for the requested pod ports");

export const hostPortsFilter: Filter = {
  name: 'NodePorts',
  prepare: ({ hostPorts }) =>
    hostPorts.length === 0
      ? undefined
      : {
          check: (room) => {
            for (const port of room.hostPorts) if (hostPorts.some((wanted) => collide(wanted, port))) return taken;
            return undefined;
          },
        },
  hints: {
    node: ({ previous }) => !previous,
    'pod-gone': ({ pod }, { hostPorts }) =>
      pod.hostPorts.some((freed) => hostPorts.some((wanted) => collide(wanted, freed))),
  },
};
