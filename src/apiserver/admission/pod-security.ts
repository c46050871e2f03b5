// How strict a namespace is with pods stands in its labels: what it enforces is refused, what it warns of is told, also to
// who makes what makes pods.
import { isDeepStrictEqual } from 'node:util';
import { namespaces } from '../../api/kinds/namespace.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { PodSpec, PodTemplateSpec } from '../../api/kinds/pod-spec/types.ts';
import type { KubeObject } from '../../api/meta.ts';
import { checkPolicyLabels, levelOf, violationsOf } from '../../api/pod-security/policy.ts';
import { Invalid } from '../../api/status.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type Admission, type AdmissionStep, changed, created, refusal } from './admission.ts';

export const podSecurity: AdmissionStep = {
  name: 'PodSecurity',
  check: (admission, { cache }) => {
    const { object } = admission;
    if (!object) return;
    checkNamespace(admission, cache);
    const labels = labelsOf(admission, cache);
    if (!labels) return;
    const pod = podIn(admission);
    if (pod) judgePod(pod, labels, admission);
    const template = templateOf(object);
    if (template?.spec && !pod) warnOf(template.metadata ?? {}, template.spec, labels, admission);
  },
};

/** By this subresource a pod gets containers of which nobody knew when it was made. */
const lookedInto = 'ephemeralcontainers';

/** The labels of the namespace, where they say anything of pods. */
function labelsOf(
  { request: { namespace, subresource } }: Admission,
  cache: ObjectCache,
): Record<string, string> | undefined {
  if (!namespace || (subresource && subresource !== lookedInto)) return undefined;
  const labels = cache.get(namespaces, undefined, namespace)?.object.metadata.labels;
  return Object.keys(labels ?? {}).some((label) => label.startsWith('pod-security.kubernetes.io/'))
    ? labels
    : undefined;
}

/** A pod that is made, or changed in what counts: all but what says where and how long it runs. */
function podIn(admission: Admission): Pod | undefined {
  const change = changed(admission, pods) ?? changed(admission, pods, lookedInto);
  if (!change) return created(admission, pods);
  const counting = ({ tolerations, activeDeadlineSeconds, terminationGracePeriodSeconds, ...spec }: PodSpec) => spec;
  return isDeepStrictEqual(counting(change.object.spec), counting(change.previous.spec)) ? undefined : change.object;
}

function judgePod({ metadata, spec }: Pod, labels: Record<string, string>, admission: Admission): void {
  const enforced = violationsOf(metadata, spec, levelOf(labels, 'enforce'));
  if (enforced) throw refusal(admission, enforced.replace('violate', 'violates'));
  warnOf(metadata, spec, labels, admission);
}

function warnOf(
  metadata: { annotations?: Record<string, string> },
  spec: PodSpec,
  labels: Record<string, string>,
  { request }: Admission,
): void {
  const found = violationsOf(metadata, spec, levelOf(labels, 'warn'));
  if (found) request.warn(`would ${found}`);
}

type Templated = KubeObject & {
  spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } };
  template?: PodTemplateSpec;
};

function templateOf(object: KubeObject): PodTemplateSpec | undefined {
  const { spec, template } = object as Templated;
  return spec?.template ?? spec?.jobTemplate?.spec?.template ?? template;
}

/** Labels that make no sense are refused, unless they were there before. */
function checkNamespace(admission: Admission, cache: ObjectCache): void {
  const change = changed(admission, namespaces);
  const namespace = created(admission, namespaces) ?? change?.object;
  if (!namespace) return;
  const { labels, name } = namespace.metadata;
  const causes = [...checkPolicyLabels(labels)];
  if (causes.length === 0) {
    if (change) warnOfPods(change.object, change.previous, admission, cache);
  } else if (!change || causes.length > [...checkPolicyLabels(change.previous.metadata.labels)].length) {
    throw new Invalid({ group: '', kind: 'Namespace', name }, causes);
  }
}

/** Who makes a namespace stricter is told which of its pods could not be made anew. */
function warnOfPods(namespace: KubeObject, previous: KubeObject, { request }: Admission, cache: ObjectCache): void {
  const { name, labels } = namespace.metadata;
  const level = levelOf(labels, 'enforce');
  if (isDeepStrictEqual(level, levelOf(previous.metadata.labels, 'enforce'))) return;
  const texts = cache.list(pods, name).flatMap(({ object }) => {
    const { metadata, spec } = object as Pod;
    const found = violationsOf(metadata, spec, level);
    return found ? [`${metadata.name}: ${found.slice(found.indexOf(': ') + 2)}`] : [];
  });
  if (texts.length === 0) return;
  request.warn(
    `existing pods in namespace "${name}" violate the new PodSecurity enforce level "${level.name}:${level.version}"`,
  );
  for (const text of texts) request.warn(text);
}
