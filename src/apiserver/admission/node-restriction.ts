// What a node may write: of itself neither its taints nor reserved labels, and nothing of other nodes and their pods.
import { isDeepStrictEqual } from 'node:util';
import { csiNodes } from '../../api/kinds/csi-node.ts';
import { leases, nodeLeaseNamespace } from '../../api/kinds/lease.ts';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { folderFinalizer, volumeNodeLabel } from '../../api/local-path.ts';
import { isBeingDeleted, type KubeObject } from '../../api/meta.ts';
import { kindsUsedBy } from '../authz/pod-references.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { RestRequest } from '../rest/request.ts';
import { nodeNameOf } from '../user.ts';
import { type Admission, type AdmissionStep, refusal } from './admission.ts';

export const nodeRestriction: AdmissionStep = {
  name: 'NodeRestriction',
  admit: (admission, { cache }) => {
    const nodeName = nodeNameOf(admission.request.user);
    const rule = nodeName === undefined ? undefined : rules.get(admission.kind);
    const fault = rule?.(admission, nodeName ?? '', cache);
    if (fault) throw refusal(admission, fault);
  },
};

/** Why the node may not, if so. */
type Rule = (admission: Admission, nodeName: string, cache: ObjectCache) => string | undefined;

const nameOf = ({ object, previous }: Admission) => (previous ?? object)?.metadata.name;

const nodeRule: Rule = (admission, nodeName) => {
  const { operation, object, previous } = admission;
  const node = JSON.stringify(nodeName);
  if (nameOf(admission) !== nodeName) return `node ${node} is not allowed to modify node "${nameOf(admission)}"`;
  if (operation === 'delete') return undefined;
  const reserved = reservedLabels(object, previous).join(', ');
  if (operation === 'create') {
    if (podNetworkOf(object)) return `node ${node} is not allowed to choose its pod network`;
    return reserved && `node ${node} is not allowed to set the following labels: ${reserved}`;
  }
  if (!isDeepStrictEqual((object as Node).spec.taints ?? [], (previous as Node).spec.taints ?? [])) {
    return `node ${node} is not allowed to modify taints`;
  }
  if (podNetworkOf(object) !== podNetworkOf(previous)) return `node ${node} is not allowed to choose its pod network`;
  if (!isDeepStrictEqual(object.metadata.ownerReferences ?? [], previous.metadata.ownerReferences ?? [])) {
    return `node ${node} is not allowed to modify ownerReferences`;
  }
  return reserved && `is not allowed to modify labels: ${reserved}`;
};

const podNetworkOf = (node: KubeObject) => (node as Node).spec.podCIDR;

const ownLabels = new Set([
  ...['kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os'],
  ...['beta.kubernetes.io/arch', 'beta.kubernetes.io/os', 'beta.kubernetes.io/instance-type'],
  ...['node.kubernetes.io/instance-type', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region'],
  ...['failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region'],
]);
const ownDomain = /(^|\.)(kubelet|node)\.kubernetes\.io$/;
const kubernetesDomain = /(^|\.)(kubernetes|k8s)\.io$/;
const restrictedDomain = /(^|\.)node-restriction\.kubernetes\.io$/;

/** Labels by which others steer work, of those that differ. */
function reservedLabels(object: KubeObject, previous: KubeObject | undefined): string[] {
  const [now, then] = [object.metadata.labels ?? {}, previous?.metadata.labels ?? {}];
  const differing = Object.keys({ ...then, ...now }).filter((label) => now[label] !== then[label]);
  return differing.filter(isReserved).sort();
}

function isReserved(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  if (restrictedDomain.test(domain)) return true;
  return kubernetesDomain.test(domain) && !ownLabels.has(label) && !ownDomain.test(domain);
}

const podRule: Rule = (admission, nodeName, cache) => {
  const { operation, object, previous, request } = admission;
  const node = JSON.stringify(nodeName);
  switch (operation) {
    case 'create':
      if (request.subresource) return subresourceFault(request, nodeName, cache);
      return mirrorPodFault(object as Pod, nodeName, cache);
    case 'delete':
      if ((previous as Pod).spec.nodeName === nodeName) return undefined;
      return `node ${node} can only delete pods with spec.nodeName set to itself`;
    case 'update':
      if (request.subresource !== 'status') {
        return `unexpected operation "UPDATE", node ${node} can only create and delete mirror pods`;
      }
      if ((previous as Pod).spec.nodeName !== nodeName) {
        return `node ${node} can only update pod status for pods with spec.nodeName set to itself`;
      }
      if (!isDeepStrictEqual(object.metadata.labels ?? {}, previous.metadata.labels ?? {})) {
        return `node ${node} cannot update labels through pod status`;
      }
      return undefined;
  }
};

function subresourceFault(
  { subresource, namespace, name = '' }: RestRequest,
  nodeName: string,
  cache: ObjectCache,
): string | undefined {
  if (subresource !== 'eviction') {
    return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
  }
  const pod = cache.get(pods, namespace, name)?.object as Pod | undefined;
  if (!pod || pod.spec.nodeName === nodeName) return undefined;
  return `node ${nodeName} can only evict pods with spec.nodeName set to itself`;
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** A node makes pods only to show what it runs of its own. */
function mirrorPodFault(pod: Pod, nodeName: string, cache: ObjectCache): string | undefined {
  const { metadata, spec } = pod;
  const node = JSON.stringify(nodeName);
  if (metadata.annotations?.[mirrorAnnotation] === undefined) {
    return `pod does not have "${mirrorAnnotation}" annotation, node ${node} can only create mirror pods`;
  }
  if (spec.nodeName !== nodeName) return `node ${node} can only create pods with spec.nodeName set to itself`;
  const [owner, ...more] = metadata.ownerReferences ?? [];
  if (more.length > 0) return `node ${node} can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName) {
    return `node ${node} can only create pods with an owner reference set to itself`;
  }
  if (!owner.controller) return `node ${node} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node ${node} must not set blockOwnerDeletion on an owner reference`;
  if (spec.serviceAccountName) return `node ${node} can not create pods that reference a service account`;
  const { uid = '' } = cache.get(nodes, undefined, nodeName)?.object.metadata ?? {};
  if (owner.uid !== uid) return `node ${node} can only create pods with an owner reference with its own uid`;
  // What its pods name a node may read: it must not choose what that is.
  const [used] = kindsUsedBy(pod);
  if (used) return `node ${node} can not create pods that reference ${used}`;
  const projected = spec.volumes?.find((volume) => volume.projected !== undefined);
  return projected && `node ${node} can not create pods with projected volumes, as "${projected.name}" is`;
}

const claimRule: Rule = ({ operation, object, previous, request }, nodeName) => {
  if (operation !== 'update' || request.subresource !== 'status') return 'may only update PVC status';
  const rest = ({ metadata: { resourceVersion, managedFields, ...metadata }, ...claim }: KubeObject) => {
    const { capacity, conditions, allocatedResources, allocatedResourceStatuses, ...status } = (
      claim as PersistentVolumeClaim
    ).status;
    return { ...claim, metadata, status };
  };
  if (isDeepStrictEqual(rest(object), rest(previous))) return undefined;
  return `node ${JSON.stringify(nodeName)} is not allowed to update fields other than status.capacity and status.conditions`;
};

/** A volume on the node's own disk is let go when its folder is gone; nothing else of it is the node's business. */
const volumeRule: Rule = ({ operation, object, previous, request }, nodeName) => {
  const isOwn = previous?.metadata.labels?.[volumeNodeLabel] === nodeName;
  if (operation !== 'update' || request.subresource || !isOwn || !isBeingDeleted(previous)) {
    return `node ${JSON.stringify(nodeName)} may only let go of deleted volumes of its own`;
  }
  const rest = ({
    metadata: { resourceVersion, managedFields, finalizers = [], ...metadata },
    ...volume
  }: KubeObject) => ({
    ...volume,
    metadata,
    finalizers: finalizers.filter((finalizer) => finalizer !== folderFinalizer),
  });
  if (isDeepStrictEqual(rest(object), rest(previous))) return undefined;
  return `node ${JSON.stringify(nodeName)} is not allowed to update fields other than the finalizer ${folderFinalizer}`;
};

const leaseRule: Rule = (admission, nodeName) => {
  if (admission.request.namespace !== nodeLeaseNamespace) {
    return `can only access leases in the "${nodeLeaseNamespace}" system namespace`;
  }
  if (nameOf(admission) === nodeName) return undefined;
  return 'can only access node lease with the same name as the requesting node';
};

const driversRule: Rule = (admission, nodeName) =>
  nameOf(admission) === nodeName ? undefined : 'can only access CSINode with the same name as the requesting node';

const rules = new Map<unknown, Rule>([
  [nodes, nodeRule],
  [pods, podRule],
  [persistentVolumeClaims, claimRule],
  [persistentVolumes, volumeRule],
  [leases, leaseRule],
  [csiNodes, driversRule],
]);
