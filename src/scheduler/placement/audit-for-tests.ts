// Judges by the words of the specs alone whether a pod may stand on a node beside others: slow, plain, and made of nothing
// that the scheduler is made of. Only for specs as the tests make them.
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';

export interface Standing {
  pod: Pod;
  node: Node;
}

type Labels = Record<string, string>;
interface Selector {
  matchLabels?: Labels;
}
interface Term {
  topologyKey: string;
  labelSelector?: Selector;
}

const units: Record<string, number> = { m: 0.001, Mi: 2 ** 20, Gi: 2 ** 30, '': 1 };
const amount = (text: unknown) => {
  const [, digits, unit = ''] = /^(\d+)(\w*)$/.exec(String(text ?? 0)) ?? [];
  return Math.round(Number(digits) * (units[unit] ?? Number.NaN) * 1000);
};
const labelsOf = ({ metadata }: Pod | Node): Labels => metadata.labels ?? {};
const isSelected = (pod: Pod, selector: Selector | undefined, namespace: string | undefined) =>
  pod.metadata.namespace === namespace &&
  Object.entries(selector?.matchLabels ?? { '': 'nobody' }).every(([key, value]) => labelsOf(pod)[key] === value);
const inDomain = (one: Node, other: Node, key: string) =>
  labelsOf(one)[key] !== undefined && labelsOf(one)[key] === labelsOf(other)[key];

/** Rules that hold for ever once a pod was placed by them. */
export function lastingFaults({ pod, node }: Standing, others: readonly Standing[]): string[] {
  const faults: string[] = [];
  const here = others.filter((other) => other.node.metadata.name === node.metadata.name);
  const names = new Set([pod, ...here.map((other) => other.pod)].flatMap((each) => Object.keys(requestsOf(each))));
  for (const name of names) {
    const sum = [pod, ...here.map((other) => other.pod)].reduce(
      (total, each) => total + amount(requestsOf(each)[name]),
      0,
    );
    if (sum > amount(node.status.allocatable?.[name])) faults.push(`too much ${name}`);
  }
  if (here.length + 1 > Number(node.status.allocatable?.pods)) faults.push('too many pods');
  const ports = portsOf(pod);
  if (here.some((other) => portsOf(other.pod).some((port) => ports.includes(port)))) faults.push('host port');
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) {
    if (labelsOf(node)[key] !== value) faults.push('node selector');
  }
  for (const other of others) {
    if (repels(pod, other.pod, node, other.node)) faults.push('anti-affinity');
    if (repels(other.pod, pod, other.node, node)) faults.push('anti-affinity of another');
  }
  return faults;
}

/** All rules, at the moment at which the pod is placed. */
export function placementFaults(standing: Standing, others: readonly Standing[], nodes: readonly Node[]): string[] {
  const { pod, node } = standing;
  const faults = lastingFaults(standing, others);
  if (faults.length > 0) return faults;
  const taints = [...(node.spec.taints ?? [])];
  if (node.spec.unschedulable) taints.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  for (const { key, effect } of taints) {
    const isTolerated = pod.spec.tolerations?.some((toleration) => !toleration.key || toleration.key === key);
    if (effect !== 'PreferNoSchedule' && !isTolerated) faults.push('taint');
  }
  for (const term of (pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) as Term[]) {
    const friends = others.filter((other) => isSelected(other.pod, term.labelSelector, pod.metadata.namespace));
    const withDomain = friends.filter((other) => labelsOf(other.node)[term.topologyKey] !== undefined);
    const isFirst = withDomain.length === 0 && isSelected(pod, term.labelSelector, pod.metadata.namespace);
    const hasDomain = labelsOf(node)[term.topologyKey] !== undefined;
    if (!hasDomain || !(isFirst || friends.some((other) => inDomain(other.node, node, term.topologyKey))))
      faults.push('affinity');
  }
  faults.push(...spreadFaults(standing, others, nodes));
  return faults;
}

function spreadFaults({ pod, node }: Standing, others: readonly Standing[], nodes: readonly Node[]): string[] {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
    (each) => each.whenUnsatisfiable === 'DoNotSchedule',
  );
  const eligible = nodes.filter(
    (each) =>
      constraints.every(({ topologyKey }) => labelsOf(each)[topologyKey] !== undefined) &&
      Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labelsOf(each)[key] === value),
  );
  return constraints.flatMap(({ topologyKey, maxSkew, labelSelector }) => {
    const value = labelsOf(node)[topologyKey];
    if (value === undefined) return ['spread without domain'];
    const domains = new Set(eligible.map((each) => labelsOf(each)[topologyKey]));
    const countIn = (domain: string | undefined) =>
      others.filter(
        (other) =>
          eligible.some(({ metadata }) => metadata.name === other.node.metadata.name) &&
          labelsOf(other.node)[topologyKey] === domain &&
          isSelected(other.pod, labelSelector as Selector, pod.metadata.namespace),
      ).length;
    const fewest = Math.min(...[...domains].map(countIn));
    const own = isSelected(pod, labelSelector as Selector, pod.metadata.namespace) ? 1 : 0;
    return countIn(value) + own - fewest > maxSkew ? ['spread'] : [];
  });
}

function repels(pod: Pod, other: Pod, node: Node, otherNode: Node): boolean {
  const terms = (pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) as Term[];
  return terms.some(
    ({ topologyKey, labelSelector }) =>
      inDomain(node, otherNode, topologyKey) && isSelected(other, labelSelector, pod.metadata.namespace),
  );
}

function requestsOf({ spec }: Pod): Record<string, unknown> {
  return spec.containers[0]?.resources?.requests ?? {};
}

function portsOf({ spec }: Pod): number[] {
  return (spec.containers[0]?.ports ?? []).flatMap(({ hostPort }) => hostPort ?? []);
}
