// How the tables of default roles are written: each rule is one line of words.
import type { PolicyRule } from '../policy-rule.ts';

const wordsOf = (text: string): string[] => [...new Set(text.split(' '))].sort();

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';

/** Groups of APIs by the first part of their name; the core group and its stars have none. */
const groupNames: Readonly<Record<string, string>> = {
  core: '',
  admissionregistration: 'admissionregistration.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  'custom.metrics': 'custom.metrics.k8s.io',
  'external.metrics': 'external.metrics.k8s.io',
  metrics: 'metrics.k8s.io',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  resource: 'resource.k8s.io',
  storage: 'storage.k8s.io',
};

/** permit('get list', 'core', 'pods services'), with the names of single objects at the end where it is for these only. */
export function permit(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: wordsOf(verbs),
    apiGroups: wordsOf(groups)
      .map((group) => groupNames[group] ?? group)
      .sort(),
    resources: wordsOf(resources),
    ...(names !== undefined && { resourceNames: wordsOf(names) }),
  };
}

export function permitPaths(verbs: string, paths: string): PolicyRule {
  return { verbs: wordsOf(verbs), nonResourceURLs: wordsOf(paths) };
}

export const writeEvents = permit('create patch update', 'core events', 'events');
