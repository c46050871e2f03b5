// The table of controllers that every server runs. A new controller is one file in the room of its subject and one line here.
import { certificateController } from './access/certificate.ts';
import { clusterRoleAggregationController } from './access/cluster-role-aggregation.ts';
import { rootCaPublisher } from './access/root-ca-publisher.ts';
import { serviceAccountController } from './access/service-account.ts';
import { tokenCleaner } from './access/token-cleaner.ts';
import { tokenSecretController } from './access/token-secret.ts';
import { tokenSigner } from './access/token-signer.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { cronJobController } from './cron-jobs/cron-job.ts';
import { daemonSetController } from './daemon-sets/daemon-set.ts';
import { deploymentController } from './deployments/deployment.ts';
import { disruptionController } from './disruptions/disruption.ts';
import { staleDisruptionController } from './disruptions/stale-disruption.ts';
import { garbageCollector } from './garbage/garbage-collector.ts';
import { podGarbageController } from './garbage/pod-garbage.ts';
import { jobController } from './jobs/job.ts';
import { jobOrphanController } from './jobs/job-orphans.ts';
import { jobTtlController } from './jobs/job-ttl.ts';
import { manifestsController } from './manifests/manifests.ts';
import { namespaceController } from './namespaces/namespace.ts';
import { resourceQuotaController } from './namespaces/resource-quota.ts';
import { nodeLifecycleController } from './nodes/node-lifecycle.ts';
import { podNetworkController } from './nodes/pod-networks.ts';
import { taintEvictionController } from './nodes/taint-eviction.ts';
import { replicaSetController } from './replicas/replica-set.ts';
import { replicationControllerController } from './replicas/replication-controller.ts';
import { endpointsMirrorController } from './services/endpoints-mirror.ts';
import { loadBalancerController } from './services/load-balancer.ts';
import { serviceEndpointsController } from './services/service-endpoints.ts';
import { statefulSetController } from './stateful-sets/stateful-set.ts';
import { claimProtectionController } from './volumes/claim-protection.ts';
import { ephemeralVolumeController } from './volumes/ephemeral-volume.ts';
import { localPathController } from './volumes/local-path.ts';
import { volumeBinder } from './volumes/volume-binder.ts';
import { volumeProtectionController } from './volumes/volume-protection.ts';

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
  'token-signer': tokenSigner,
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
  manifests: manifestsController,
};
