// The default roles of people: what a cluster's, and a namespace's, administrators, editors and viewers may do. The
// last three are gathered from the parts that are labelled for them, so that others can add parts of their own.
import type { PolicyRule } from '../policy-rule.ts';
import { permit, permitPaths, read, write } from './permit.ts';

/** The labels of parts are "rbac.authorization.k8s.io/aggregate-to-NAME". */
export interface DefaultRole {
  name: string;
  rules?: readonly PolicyRule[];
  /** The role of which this is a part. */
  partOf?: 'admin' | 'edit' | 'view';
  /** Gathers the parts that are labelled for this role. */
  gathers?: 'admin' | 'edit' | 'view';
}

const workloads = 'daemonsets deployments replicasets statefulsets';
const scales = 'deployments/scale replicasets/scale statefulsets/scale';
const oldWorkloads = 'daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale';
const connections = 'pods/attach pods/exec pods/portforward pods/proxy';

export const userRoles: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: [permit('*', '*', '*'), permitPaths('*', '*')] },
  { name: 'admin', gathers: 'admin' },
  { name: 'edit', gathers: 'edit', partOf: 'admin' },
  { name: 'view', gathers: 'view', partOf: 'edit' },
  {
    name: 'system:aggregate-to-admin',
    partOf: 'admin',
    rules: [
      permit('create', 'authorization', 'localsubjectaccessreviews'),
      permit(`${read} ${write}`, 'rbac', 'roles rolebindings'),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    partOf: 'edit',
    rules: [
      permit(read, 'core', `${connections} secrets services/proxy`),
      permit('impersonate', 'core', 'serviceaccounts'),
      permit(write, 'core', `pods ${connections}`),
      permit('create', 'core', 'pods/eviction'),
      permit(
        write,
        'core',
        'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
      ),
      permit('create', 'core', 'serviceaccounts/token'),
      permit(write, 'apps', `${workloads} ${scales} deployments/rollback`),
      permit(write, 'autoscaling', 'horizontalpodautoscalers'),
      permit(write, 'batch', 'cronjobs jobs'),
      permit(write, 'extensions', `${oldWorkloads} deployments/rollback replicationcontrollers/scale`),
      permit(write, 'policy', 'poddisruptionbudgets'),
      permit(write, 'networking', 'ingresses networkpolicies'),
      permit(`${read} ${write}`, 'coordination', 'leases'),
      permit(write, 'resource', 'resourceclaims resourceclaimtemplates'),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    partOf: 'view',
    rules: [
      permit(
        read,
        'core',
        'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
      ),
      permit(
        read,
        'core',
        'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
      ),
      permit(read, 'core', 'namespaces'),
      permit(read, 'discovery', 'endpointslices'),
      permit(
        read,
        'apps',
        `controllerrevisions ${workloads} ${scales} daemonsets/status deployments/status replicasets/status statefulsets/status`,
      ),
      permit(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
      permit(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
      permit(
        read,
        'extensions',
        `${oldWorkloads} daemonsets/status deployments/status ingresses/status replicasets/status replicationcontrollers/scale`,
      ),
      permit(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
      permit(read, 'networking', 'ingresses ingresses/status networkpolicies'),
      permit(read, 'resource', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
    ],
  },
];
