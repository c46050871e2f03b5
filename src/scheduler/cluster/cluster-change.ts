// What happens in a cluster that may help a pod that fitted nowhere. Filters name the changes that could undo their own
// refusal (`hints`); a pod is tried again only when one of those that refused it says that a change may help.
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { PersistentVolume } from '../../api/kinds/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { StorageClass } from '../../api/kinds/storage-class.ts';
import type { PodDemand } from '../pods/pod-demand.ts';

interface ObjectChange<Type extends string, T> {
  type: Type;
  object: T | undefined;
  previous: T | undefined;
}

export type ClusterChange =
  /** A node is new, or what it offers (labels, taints, cordon, allocatable, readiness) is another. */
  | { type: 'node'; object: Node; previous: Node | undefined }
  | { type: 'node-gone'; object: Node }
  /** A pod got a node. */
  | { type: 'pod-placed'; pod: PodDemand }
  /** A pod is another where it stands: it has other labels, asks for less, or is on its way out. */
  | { type: 'pod-changed'; pod: PodDemand; previous: PodDemand }
  /** A pod has gone from its node, or has ended there; or what had been promised to it is free. */
  | { type: 'pod-gone'; pod: PodDemand }
  | ObjectChange<'namespace', Namespace>
  | ObjectChange<'claim', PersistentVolumeClaim>
  | ObjectChange<'volume', PersistentVolume>
  | ObjectChange<'storage-class', StorageClass>;

type ChangeOf<Type extends ClusterChange['type']> = Extract<ClusterChange, { type: Type }>;

/** For each change that could help: whether this one may help this pod. What is not named never helps. */
export type Hints = {
  readonly [Type in ClusterChange['type']]?: (change: ChangeOf<Type>, demand: PodDemand) => boolean;
};

export function mayHelp(hints: Hints, change: ClusterChange, demand: PodDemand): boolean {
  const hint = hints[change.type] as ((change: ClusterChange, demand: PodDemand) => boolean) | undefined;
  return hint?.(change, demand) ?? false;
}

/** For filters that a change of its sort may always help. */
export const always = () => true;
