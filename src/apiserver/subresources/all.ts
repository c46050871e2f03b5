// The table of subresources that have code of their own. What streams from a node is in node-proxy.ts.

import type { SubresourceHandler } from '../rest/rest.ts';
import { approval } from './approval.ts';
import { binding } from './binding.ts';
import { ephemeralContainers } from './ephemeral-containers.ts';
import { eviction } from './eviction.ts';
import { finalize } from './finalize.ts';
import { resize } from './resize.ts';
import { scale } from './scale.ts';

export const subresourceHandlers: Readonly<Record<string, SubresourceHandler>> = {
  bindings: binding,
  'pods/binding': binding,
  'pods/eviction': eviction,
  'pods/ephemeralcontainers': ephemeralContainers,
  'pods/resize': resize,
  'namespaces/finalize': finalize,
  'deployments/scale': scale,
  'replicasets/scale': scale,
  'replicationcontrollers/scale': scale,
  'statefulsets/scale': scale,
  'certificatesigningrequests/approval': approval,
};
