// How lists are merged by a strategic patch: by the key of their items, as sets of plain values, or not at all.
// A list is found by the end of its path, the longest that is named here; items of a list leave no trace in the path.

export type ListMerge = { key: string } | 'set' | 'replace';

const byKey = (key: string): ListMerge => ({ key });

const merges: Record<string, ListMerge> = {
  'metadata.finalizers': 'set',
  'metadata.ownerReferences': byKey('uid'),
  conditions: byKey('type'),

  containers: byKey('name'),
  initContainers: byKey('name'),
  ephemeralContainers: byKey('name'),
  env: byKey('name'),
  'containers.ports': byKey('containerPort'),
  'initContainers.ports': byKey('containerPort'),
  'ephemeralContainers.ports': byKey('containerPort'),
  volumeMounts: byKey('mountPath'),
  volumeDevices: byKey('devicePath'),
  volumes: byKey('name'),
  imagePullSecrets: byKey('name'),
  hostAliases: byKey('ip'),
  topologySpreadConstraints: byKey('topologyKey'),
  resourceClaims: byKey('name'),
  schedulingGates: byKey('name'),
  podIPs: byKey('ip'),
  hostIPs: byKey('ip'),
  sources: 'replace',

  'spec.ports': byKey('port'),
  'spec.podCIDRs': 'set',
  'status.addresses': byKey('type'),
  secrets: byKey('name'),
};

export function listMergeAt(path: readonly string[]): ListMerge {
  for (let start = 0; start < path.length; start++) {
    const merge = merges[path.slice(start).join('.')];
    if (merge) return merge;
  }
  return 'replace';
}
