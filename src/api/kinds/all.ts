// The table of kinds that every server has. A new kind is one file beside this one and one line here.
import { certificateSigningRequests } from './certificate-signing-request.ts';
import { configMaps } from './config-map.ts';
import { deployments } from './deployment.ts';
import { endpointSlices } from './endpoint-slice.ts';
import { endpoints } from './endpoints.ts';
import { events } from './event.ts';
import type { Kind } from './kind.ts';
import { leases } from './lease.ts';
import { namespaces } from './namespace.ts';
import { nodes } from './node.ts';
import { pods } from './pod.ts';
import { replicaSets } from './replica-set.ts';
import { secrets } from './secret.ts';
import { services } from './service.ts';
import { serviceAccounts } from './service-account.ts';

export const allKinds: readonly Kind[] = [
  namespaces,
  nodes,
  pods,
  services,
  endpoints,
  configMaps,
  secrets,
  serviceAccounts,
  events,
  deployments,
  replicaSets,
  endpointSlices,
  leases,
  certificateSigningRequests,
];
