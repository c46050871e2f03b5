// The table of controllers that every server runs. A new controller is one file beside this one and one line here.
import { certificateController } from './certificate.ts';
import { claimProtectionController } from './claim-protection.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { cronJobController } from './cron-job.ts';
import { daemonSetController } from './daemon-set.ts';
import { deploymentController } from './deployment.ts';
import { disruptionController } from './disruption.ts';
import { endpointsMirrorController } from './endpoints-mirror.ts';
import { ephemeralVolumeController } from './ephemeral-volume.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobController } from './job.ts';
import { jobOrphanController } from './job-orphans.ts';
import { jobTtlController } from './job-ttl.ts';
import { loadBalancerController } from './load-balancer.ts';
import { localPathController } from './local-path.ts';
import { namespaceController } from './namespace.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { podGarbageController } from './pod-garbage.ts';
import { podNetworkController } from './pod-networks.ts';
import { replicaSetController } from './replica-set.ts';
import { replicationControllerController } from './replication-controller.ts';
import { resourceQuotaController } from './resource-quota.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccountController } from './service-account.ts';
import { serviceEndpointsController } from './service-endpoints.ts';
import { staleDisruptionController } from './stale-disruption.ts';
import { statefulSetController } from './stateful-set.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { tokenCleaner } from './token-cleaner.ts';
import { tokenSecretController } from './token-secret.ts';
import { volumeBinder } from './volume-binder.ts';
import { volumeProtectionController } from './volume-protection.ts';

/** By the names with which an operator leaves them out. */
export const allControllers: Readonly<Record<string, (context: ControllerContext) => Controller>> = {
  certificates: certificateController,
  'pod-networks': podNetworkController,
  'node-lifecycle': nodeLifecycleController,
  'taint-eviction': taintEvictionController,
  'pod-garbage': podGarbageController,
  deployment: deploymentController,
  replicaset: replicaSetController,
  replicationcontroller: replicationControllerController,
  statefulset: statefulSetController,
  daemonset: daemonSetController,
  job: jobController,
  'job-orphans': jobOrphanController,
  'job-ttl': jobTtlController,
  cronjob: cronJobController,
  endpoints: serviceEndpointsController,
  'endpoints-mirror': endpointsMirrorController,
  'load-balancer': loadBalancerController,
  namespace: namespaceController,
  'service-account': serviceAccountController,
  'token-secrets': tokenSecretController,
  'token-cleaner': tokenCleaner,
  'root-ca': rootCaPublisher,
  'cluster-role-aggregation': clusterRoleAggregationController,
  'garbage-collector': garbageCollector,
  'resource-quota': resourceQuotaController,
  disruption: disruptionController,
  'stale-disruption': staleDisruptionController,
  'claim-protection': claimProtectionController,
  'volume-protection': volumeProtectionController,
  'volume-binder': volumeBinder,
  'ephemeral-volume': ephemeralVolumeController,
  'local-path': localPathController,
};
