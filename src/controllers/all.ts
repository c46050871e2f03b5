// The table of controllers that every server runs. A new controller is one file beside this one and one line here.
import { certificateController } from './certificate.ts';
import { claimProtectionController } from './claim-protection.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { deploymentController } from './deployment.ts';
import { disruptionController } from './disruption.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { podGarbageController } from './pod-garbage.ts';
import { podNetworkController } from './pod-networks.ts';
import { replicaSetController } from './replica-set.ts';
import { resourceQuotaController } from './resource-quota.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccountController } from './service-account.ts';
import { serviceEndpointsController } from './service-endpoints.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { tokenSecretController } from './token-secret.ts';
import { volumeProtectionController } from './volume-protection.ts';

export const allControllers: readonly ((context: ControllerContext) => Controller)[] = [
  certificateController,
  podNetworkController,
  nodeLifecycleController,
  taintEvictionController,
  podGarbageController,
  deploymentController,
  replicaSetController,
  serviceEndpointsController,
  namespaceController,
  serviceAccountController,
  tokenSecretController,
  rootCaPublisher,
  clusterRoleAggregationController,
  garbageCollector,
  resourceQuotaController,
  disruptionController,
  claimProtectionController,
  volumeProtectionController,
];
