// Who may do what. Masters may everything; a node what its own work needs; a host that joins may ask for a certificate.
// (Roles and bindings come beside these rules.)

import { clusterSettingsRef } from '../../api/cluster-settings.ts';
import { certificateSigningRequests } from '../../api/kinds/certificate-signing-request.ts';
import { configMaps } from '../../api/kinds/config-map.ts';
import { endpointSlices } from '../../api/kinds/endpoint-slice.ts';
import { events } from '../../api/kinds/event.ts';
import { resourceOf } from '../../api/kinds/kind.ts';
import { leases, nodeLeaseNamespace } from '../../api/kinds/lease.ts';
import { nodes } from '../../api/kinds/node.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { secrets } from '../../api/kinds/secret.ts';
import { services } from '../../api/kinds/service.ts';
import { Forbidden } from '../../api/status.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type RestRequest, subjectOf } from '../rest/request.ts';
import { bootstrappersGroup, mastersGroup, nodeNameOf } from '../user.ts';
import { podUses } from './pod-references.ts';

/** Throws Forbidden. */
export type Authorize = (request: RestRequest) => void;

const reads = ['get', 'list', 'watch'];

export function createAuthorizer(cache: ObjectCache): Authorize {
  return (request) => {
    if (request.user.groups.includes(mastersGroup)) return;
    const nodeName = nodeNameOf(request.user);
    if (nodeName !== undefined && nodeMay(request, nodeName, cache)) return;
    if (request.user.groups.includes(bootstrappersGroup) && mayAskForCertificate(request)) return;
    if (isPublic(request)) return;
    throw new Forbidden(subjectOf(request), refusal(request));
  };
}

function refusal({ user, verb, kind, namespace, subresource }: RestRequest): string {
  const resource = subresource ? `${kind.plural}/${subresource}` : kind.plural;
  const where = namespace ? ` in the namespace "${namespace}"` : ' at the cluster scope';
  return `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${kind.group}"${where}`;
}

const isOf = (request: RestRequest, ...kinds: readonly unknown[]) => kinds.includes(request.kind);

/** The data by which a host that knows nothing yet finds the cluster's authority. */
function isPublic(request: RestRequest): boolean {
  const { verb, namespace, name } = request;
  return isOf(request, configMaps) && verb === 'get' && namespace === 'kube-public' && name === 'cluster-info';
}

function mayAskForCertificate(request: RestRequest): boolean {
  return (
    isOf(request, certificateSigningRequests) && !request.subresource && ['create', ...reads].includes(request.verb)
  );
}

function nodeMay(request: RestRequest, nodeName: string, cache: ObjectCache): boolean {
  const { verb, namespace, name, subresource } = request;
  if (isOf(request, nodes, services, endpointSlices, pods) && !subresource && reads.includes(verb)) return true;
  // What it may create bears its own name, which is in the body: admission sees to that.
  if (isOf(request, nodes)) return verb === 'create' || (name === nodeName && ['update', 'patch'].includes(verb));
  if (isOf(request, pods)) return isBoundTo(request, nodeName, cache) && mayWritePod(verb, subresource);
  if (isOf(request, leases)) return namespace === nodeLeaseNamespace && (verb === 'create' || name === nodeName);
  if (isOf(request, events)) return ['create', 'update', 'patch'].includes(verb);
  if (isOf(request, configMaps, secrets)) return verb === 'get' && mayRead(request, nodeName, cache);
  return mayAskForCertificate(request);
}

function mayWritePod(verb: string, subresource: string | undefined): boolean {
  return subresource === 'status' ? verb === 'update' || verb === 'patch' : verb === 'delete';
}

function isBoundTo({ namespace, name = '' }: RestRequest, nodeName: string, cache: ObjectCache): boolean {
  const pod = cache.get(pods, namespace, name)?.object as Pod | undefined;
  // One that is gone may be deleted again: the answer is "not found".
  return pod === undefined || pod.spec.nodeName === nodeName;
}

/** A node reads what its own pods use, and what all nodes must agree on. */
function mayRead(request: RestRequest, nodeName: string, cache: ObjectCache): boolean {
  const { namespace, name = '' } = request;
  if (namespace === clusterSettingsRef.namespace && name === clusterSettingsRef.name && isOf(request, configMaps))
    return true;
  return cache.list(pods, namespace).some(({ object }) => {
    const pod = object as Pod;
    return pod.spec.nodeName === nodeName && podUses(pod, resourceOf(request.kind), name);
  });
}
