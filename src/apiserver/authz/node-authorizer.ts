// What a node may do: of everything that is written for pods it reads what its own pods use, and writes of itself and of
// them alone. What it creates bears its own name, which is in the body: admission sees to that.
import { nodeLeaseNamespace } from '../../api/kinds/lease.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type VolumeAttachment, volumeAttachments } from '../../api/kinds/volume-attachment.ts';
import { volumeNodeLabel } from '../../api/local-path.ts';
import type { Attributes, ResourceAttributes } from '../../api/rbac/attributes.ts';
import { nodeLeavingRules, nodeRules, nodeVolumeRules } from '../../api/rbac/defaults/system-roles.ts';
import { ruleAllows } from '../../api/rbac/policy-rule.ts';
import type { ObjectCache } from '../object-cache.ts';
import { podUses } from './pod-references.ts';
import { PodsByNode } from './pods-by-node.ts';
import type { Decision } from './rbac.ts';

/** Why not; undefined where it may. */
type Judge = (asked: ResourceAttributes, nodeName: string) => string | undefined;

const reads = ['get', 'list', 'watch'];
const allRules = [...nodeRules, ...nodeVolumeRules, ...nodeLeavingRules];

export class NodeAuthorizer {
  readonly #cache: ObjectCache;
  readonly #podsByNode: PodsByNode;
  /** By "resource.group"; what is not here is judged by the rules of nodes alone. */
  readonly #judges: Readonly<Record<string, Judge>>;

  constructor(cache: ObjectCache) {
    this.#cache = cache;
    this.#podsByNode = new PodsByNode(cache);
    const ofItsPods: Judge = (asked, nodeName) => this.#judgeUsed(asked, nodeName);
    this.#judges = {
      'secrets.': ofItsPods,
      'configmaps.': ofItsPods,
      'persistentvolumeclaims.': ofItsPods,
      'persistentvolumes.': (asked, nodeName) => this.#judgeVolume(asked, nodeName),
      'serviceaccounts.': ofItsPods,
      'pods.': (asked, nodeName) => this.#judgePod(asked, nodeName),
      'nodes.': judgeNode,
      'leases.coordination.k8s.io': judgeLease,
      'csinodes.storage.k8s.io': judgeOwnName,
      'volumeattachments.storage.k8s.io': (asked, nodeName) => this.#judgeAttachment(asked, nodeName),
    };
  }

  decide(nodeName: string, asked: Attributes): Decision {
    if (!allRules.some((rule) => ruleAllows(rule, asked))) return { allowed: false, reason: '' };
    if ('path' in asked) return { allowed: true, reason: '' };
    const reason = this.#judges[`${asked.resource}.${asked.group}`]?.(asked, nodeName);
    return { allowed: reason === undefined, reason: reason ?? '' };
  }

  #judgeUsed(asked: ResourceAttributes, nodeName: string): string | undefined {
    // What bears a name in all namespaces is more than its pods use. Volumes are in none.
    if (!asked.name || (!asked.namespace && asked.resource !== 'persistentvolumes')) {
      return 'can only read namespaced object of this type';
    }
    for (const pod of this.#podsByNode.of(nodeName)) {
      if (podUses(pod, asked, this.#cache)) return undefined;
    }
    return `no relationship found between node '${nodeName}' and this object`;
  }

  /** Those that its pods use, and those that are on its own disk. */
  #judgeVolume(asked: ResourceAttributes, nodeName: string): string | undefined {
    const { verb, name, labelSelector } = asked;
    if (verb === 'list' || verb === 'watch') {
      const isOfNode = labelSelector === `${volumeNodeLabel}=${nodeName}`;
      return isOfNode ? undefined : `can only list/watch persistentvolumes with its own ${volumeNodeLabel} label`;
    }
    const volume = this.#cache.get(persistentVolumes, undefined, name ?? '')?.object;
    if (volume?.metadata.labels?.[volumeNodeLabel] === nodeName) return undefined;
    if (verb === 'get') return this.#judgeUsed(asked, nodeName);
    return `no relationship found between node '${nodeName}' and this object`;
  }

  #judgeAttachment({ name = '' }: ResourceAttributes, nodeName: string): string | undefined {
    const attachment = this.#cache.get(volumeAttachments, undefined, name)?.object as VolumeAttachment | undefined;
    return attachment?.spec.nodeName === nodeName
      ? undefined
      : `no relationship found between node '${nodeName}' and this object`;
  }

  #judgePod({ verb, namespace, name = '', fieldSelector = '' }: ResourceAttributes, nodeName: string) {
    if (verb === 'list' || verb === 'watch') {
      const isOfNode = fieldSelector
        .split(',')
        .some((part) => /^spec\.nodeName==?/.test(part) && part.endsWith(`=${nodeName}`));
      return isOfNode ? undefined : 'can only list/watch pods with spec.nodeName field selector';
    }
    // What it may create of its own accord stands in the body: admission sees to that, too.
    if (verb === 'create' && !name) return undefined;
    const pod = this.#cache.get(pods, namespace, name)?.object as Pod | undefined;
    // One that is gone may be deleted again: the answer is "not found".
    const isOwn = pod === undefined || pod.spec.nodeName === nodeName;
    return isOwn ? undefined : `no relationship found between node '${nodeName}' and this object`;
  }
}

const judgeNode: Judge = ({ verb, name, subresource }, nodeName) => {
  if (verb === 'create' || (reads.includes(verb) && !subresource) || name === nodeName) return undefined;
  return `node '${nodeName}' cannot write '${name ?? ''}', only its own Node object`;
};

const judgeLease: Judge = ({ verb, namespace, name }, nodeName) => {
  if (namespace !== nodeLeaseNamespace) return `can only access leases in the "${nodeLeaseNamespace}" system namespace`;
  if (verb === 'create' || name === nodeName) return undefined;
  return 'can only access node lease with the same name as the requesting node';
};

const judgeOwnName: Judge = ({ verb, name }, nodeName) =>
  verb === 'create' || name === nodeName
    ? undefined
    : 'can only access CSINode with the same name as the requesting node';
