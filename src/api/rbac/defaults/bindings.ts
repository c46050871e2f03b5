// Who is bound to which default role, and the roles that hold within the system's own namespaces.
import { clusterSettingsRef } from '../../cluster-settings.ts';
import type { Subject } from '../binding.ts';
import { type PolicyRule, rbacGroup } from '../policy-rule.ts';
import { permit, read, writeEvents } from './permit.ts';

export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
export const nodesGroup = 'system:nodes';
export const bootstrappersGroup = 'system:bootstrappers';

export interface DefaultBinding {
  name: string;
  /** The binding's own name unless told. */
  role?: string;
  subjects: readonly Subject[];
}

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });
export const systemAccount = (name: string): Subject => ({ kind: 'ServiceAccount', namespace: 'kube-system', name });

const everybody = [group(authenticatedGroup), group(unauthenticatedGroup)];
const controllerManager = user('system:kube-controller-manager');
const scheduler = user('system:kube-scheduler');

export const defaultClusterBindings: readonly DefaultBinding[] = [
  { name: 'cluster-admin', subjects: [group('system:masters')] },
  { name: 'system:monitoring', subjects: [group('system:monitoring')] },
  { name: 'system:discovery', subjects: [group(authenticatedGroup)] },
  { name: 'system:basic-user', subjects: [group(authenticatedGroup)] },
  { name: 'system:public-info-viewer', subjects: everybody },
  { name: 'system:service-account-issuer-discovery', subjects: [group('system:serviceaccounts')] },
  { name: 'system:node-proxier', subjects: [user('system:kube-proxy')] },
  { name: 'system:kube-controller-manager', subjects: [controllerManager] },
  { name: 'system:kube-dns', subjects: [systemAccount('kube-dns')] },
  { name: 'system:kube-scheduler', subjects: [scheduler] },
  { name: 'system:volume-scheduler', subjects: [scheduler] },
  // Nodes are the node authorizer's, which knows what each of them runs.
  { name: 'system:node', subjects: [] },
  // Every agent routes services and answers DNS.
  { name: 'wherry:agent-network', role: 'system:node-proxier', subjects: [group(nodesGroup)] },
  // Every agent brings network policies into force, and these are about pods of all nodes.
  { name: 'wherry:node-network', subjects: [group(nodesGroup)] },
  // Hosts join with a bootstrap token.
  { name: 'wherry:node-bootstrapper', role: 'system:node-bootstrapper', subjects: [group(bootstrappersGroup)] },
  // They become nodes without a human, and nodes renew what they are.
  {
    name: 'wherry:node-approval',
    role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    subjects: [group(bootstrappersGroup)],
  },
  {
    name: 'wherry:node-renewal',
    role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    subjects: [group(nodesGroup)],
  },
];

export interface NamespaceRole {
  namespace: string;
  name: string;
  rules: readonly PolicyRule[];
  /** Bound by a binding of the role's name. */
  subjects: readonly Subject[];
  /** Where the binding has another name. */
  binding?: string;
}

const controllerRole = (controller: string) => ({
  name: `system:controller:${controller}`,
  subjects: [systemAccount(controller)],
});

export const namespaceRoles: readonly NamespaceRole[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    rules: [permit(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
    binding: 'system::extension-apiserver-authentication-reader',
    subjects: [controllerManager, scheduler],
  },
  {
    namespace: 'kube-system',
    ...controllerRole('bootstrap-signer'),
    rules: [permit(read, 'core', 'secrets')],
  },
  {
    namespace: 'kube-system',
    ...controllerRole('cloud-provider'),
    rules: [permit(`create ${read}`, 'core', 'configmaps')],
  },
  {
    namespace: 'kube-system',
    ...controllerRole('token-cleaner'),
    rules: [permit(`delete ${read}`, 'core', 'secrets'), writeEvents],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: [
      permit('watch', 'core', 'configmaps'),
      permit('get update', 'core', 'configmaps', 'kube-controller-manager'),
    ],
    subjects: [controllerManager, systemAccount('kube-controller-manager')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: [permit('watch', 'core', 'configmaps'), permit('get update', 'core', 'configmaps', 'kube-scheduler')],
    subjects: [scheduler, systemAccount('kube-scheduler')],
  },
  {
    namespace: 'kube-public',
    ...controllerRole('bootstrap-signer'),
    rules: [permit(read, 'core', 'configmaps'), permit('update', 'core', 'configmaps', 'cluster-info'), writeEvents],
  },
  // A host that knows nothing yet finds the cluster's authority here.
  {
    namespace: 'kube-public',
    name: 'wherry:cluster-info',
    rules: [permit('get', 'core', 'configmaps', 'cluster-info')],
    subjects: everybody,
  },
  {
    namespace: clusterSettingsRef.namespace,
    name: 'wherry:cluster-settings',
    rules: [permit('get', 'core', 'configmaps', clusterSettingsRef.name)],
    subjects: [group(nodesGroup)],
  },
];
