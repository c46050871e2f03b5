// The default roles of the system's own parts, and of everybody who wants to know what a cluster serves.
import { permit, permitPaths, read, writeEvents } from './permit.ts';
import type { DefaultRole } from './user-roles.ts';

const healthPaths = '/healthz /livez /readyz';
const versionPaths = '/version /version/';
const certificateRequests = 'certificatesigningrequests';
const signer = (name: string) => `kubernetes.io/${name}`;

/** A node's own needs. What of it is the node's business is told by the node authorizer, not by these rules. */
export const nodeRules = [
  permit('create', 'authentication', 'tokenreviews'),
  permit('create', 'authorization', 'localsubjectaccessreviews subjectaccessreviews'),
  permit(read, 'core', 'services'),
  permit(`create ${read}`, 'core', 'nodes'),
  permit('patch update', 'core', 'nodes/status'),
  permit('patch update', 'core', 'nodes'),
  permit('create patch update', 'core', 'events'),
  permit(read, 'core', 'pods'),
  permit('create delete', 'core', 'pods'),
  permit('patch update', 'core', 'pods/status'),
  permit('create', 'core', 'pods/eviction'),
  permit(read, 'core', 'configmaps secrets'),
  permit('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  permit('get', 'core', 'endpoints'),
  permit(`create ${read}`, 'certificates', certificateRequests),
  permit('create delete get patch update', 'coordination', 'leases'),
  permit('get', 'storage', 'volumeattachments'),
  permit('get patch update', 'core', 'persistentvolumeclaims/status'),
  permit('create', 'core', 'serviceaccounts/token'),
  permit(read, 'storage', 'csidrivers'),
  permit('create delete get patch update', 'storage', 'csinodes'),
  permit(read, 'node', 'runtimeclasses'),
  permit('get', 'resource', 'resourceclaims'),
  permit('deletecollection', 'resource', 'resourceslices'),
  permit(`create delete ${read} patch update`, 'resource', 'resourceslices'),
];

/** Beyond what Kubernetes allows a node: a host that leaves deletes its own Node. */
export const nodeLeavingRules = [permit('delete', 'core', 'nodes')];

/** Of the volumes on its own disk, which its agent follows until their folders are gone. */
export const nodeVolumeRules = [permit('list patch watch', 'core', 'persistentvolumes')];

const delegation = [
  permit('create', 'authentication', 'tokenreviews'),
  permit('create', 'authorization', 'subjectaccessreviews'),
];

const approver = (name: string) => ({
  name: `system:certificates.k8s.io:${name}-approver`,
  rules: [permit('approve', 'certificates', 'signers', signer(name))],
});

export const systemRoles: readonly DefaultRole[] = [
  {
    name: 'system:discovery',
    rules: [permitPaths('get', `${healthPaths} ${versionPaths} /openapi /openapi/* /api /api/* /apis /apis/*`)],
  },
  { name: 'system:public-info-viewer', rules: [permitPaths('get', `${healthPaths} ${versionPaths}`)] },
  {
    name: 'system:monitoring',
    rules: [permitPaths('get', `${healthPaths} /healthz/* /livez/* /readyz/* /metrics /metrics/slis`)],
  },
  {
    name: 'system:basic-user',
    rules: [
      permit('create', 'authorization', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      permit('create', 'authentication', 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      permitPaths(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  { name: 'system:auth-delegator', rules: delegation },
  { name: 'system:node', rules: nodeRules },
  { name: 'system:node-bootstrapper', rules: [permit(`create ${read}`, 'certificates', certificateRequests)] },
  {
    name: 'system:node-problem-detector',
    rules: [permit('get', 'core', 'nodes'), permit('patch', 'core', 'nodes/status'), writeEvents],
  },
  {
    name: 'system:node-proxier',
    rules: [
      permit('list watch', 'core', 'endpoints services'),
      permit(read, 'core', 'nodes'),
      writeEvents,
      permit('list watch', 'discovery', 'endpointslices'),
      permit('list watch', 'networking', 'servicecidrs'),
    ],
  },
  // As the network plugins of other clusters have it: policies select pods by their labels, on whatever node these are.
  {
    name: 'wherry:node-network',
    rules: [permit('list watch', 'core', 'namespaces pods'), permit('list watch', 'networking', 'networkpolicies')],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      permit(read, 'core', 'nodes'),
      permit('proxy', 'core', 'nodes'),
      permit(
        '*',
        'core',
        'nodes/checkpoint nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/spec nodes/stats',
      ),
    ],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [permit('create', 'certificates', `${certificateRequests}/nodeclient`)],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [permit('create', 'certificates', `${certificateRequests}/selfnodeclient`)],
  },
  approver('legacy-unknown'),
  approver('kubelet-serving'),
  approver('kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet'),
  { name: 'system:kube-aggregator', rules: [permit(read, 'core', 'endpoints services')] },
  {
    name: 'system:kube-controller-manager',
    rules: [
      writeEvents,
      permit('create', 'coordination', 'leases'),
      permit('get update', 'coordination', 'leases', 'kube-controller-manager'),
      permit('create', 'core', 'secrets serviceaccounts'),
      permit('delete', 'core', 'secrets'),
      permit('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
      permit('update', 'core', 'secrets serviceaccounts'),
      ...delegation,
      permit('list watch', '*', '*'),
      permit('create', 'core', 'serviceaccounts/token'),
    ],
  },
  {
    name: 'system:kube-scheduler',
    rules: [
      writeEvents,
      permit('create', 'coordination', 'leases'),
      permit('get list update watch', 'coordination', 'leases', 'kube-scheduler'),
      permit(read, 'core', 'nodes'),
      permit(`${read} delete`, 'core', 'pods'),
      permit('create', 'core', 'bindings pods/binding'),
      permit('patch update', 'core', 'pods/status'),
      permit(read, 'core', 'replicationcontrollers services'),
      permit(read, 'apps extensions', 'replicasets'),
      permit(read, 'apps', 'statefulsets'),
      permit(read, 'policy', 'poddisruptionbudgets'),
      permit(read, 'core', 'persistentvolumeclaims persistentvolumes'),
      ...delegation,
      permit(read, 'storage', 'csinodes'),
      permit(read, 'core', 'namespaces'),
      permit(read, 'storage', 'csidrivers'),
      permit(read, 'storage', 'csistoragecapacities'),
      permit(read, 'storage', 'volumeattachments'),
      permit(read, 'resource', 'deviceclasses resourceclaims resourceslices'),
      permit('patch update', 'resource', 'resourceclaims resourceclaims/status'),
    ],
  },
  { name: 'system:kube-dns', rules: [permit('list watch', 'core', 'endpoints services')] },
  {
    name: 'system:heapster',
    rules: [permit(read, 'core', 'events namespaces nodes pods'), permit(read, 'extensions', 'deployments')],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      permit(`create delete ${read}`, 'core', 'persistentvolumes'),
      permit(`${read} update`, 'core', 'persistentvolumeclaims'),
      permit(read, 'storage', 'storageclasses'),
      permit('watch', 'core', 'events'),
      writeEvents,
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      permit(`${read} patch update`, 'core', 'persistentvolumes'),
      permit(read, 'storage', 'storageclasses'),
      permit(`${read} patch update`, 'core', 'persistentvolumeclaims'),
    ],
  },
];
