import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../api/kinds/pod-template.ts';
import { node, pod, set } from './daemon-set-for-tests.ts';
import { draftDaemonPod, eligibility, isUpToDate, nodeOf } from './daemon-set-pods.ts';

const templated = (spec: Partial<PodSpec>) =>
  set({ template: { metadata: { labels: { app: 'logs' } }, spec: { containers: [{ name: 'main' }], ...spec } } });
const requires = (key: string, operator: 'In' | 'NotIn', ...values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  },
});
const tolerates = (key: string): Partial<PodSpec> => ({ tolerations: [{ key, operator: 'Exists' }] });

/** The node, what the template asks for, and whether there is to be a pod, or one that is there may stay. */
const cases: [node: string, spec: Partial<PodSpec>, expected: 'wanted' | 'may stay' | 'not for it'][] = [
  ['a', {}, 'wanted'],
  ['a', { nodeSelector: { role: 'worker' } }, 'wanted'],
  ['a other', { nodeSelector: { role: 'worker' } }, 'not for it'],
  ['a', { nodeName: 'a' }, 'wanted'],
  ['b', { nodeName: 'a' }, 'not for it'],
  ['a', requires('role', 'In', 'worker'), 'wanted'],
  ['a', requires('role', 'NotIn', 'worker'), 'not for it'],
  ['a tainted', {}, 'may stay'],
  ['a tainted', tolerates('gpu'), 'wanted'],
  ['a lost', {}, 'not for it'],
  ['a lost', tolerates('gone'), 'wanted'],
  ['a cordoned', {}, 'wanted'],
  ['a unready', {}, 'wanted'],
  ['a other', { nodeSelector: { role: 'worker' }, ...tolerates('gone') }, 'not for it'],
];
for (const [told, spec, expected] of cases) {
  test(`node "${told}" for ${JSON.stringify(spec)}: ${expected}`, () => {
    const { isWanted, mayStay } = eligibility(templated(spec), node(told));
    assert.equal(isWanted ? 'wanted' : mayStay ? 'may stay' : 'not for it', expected);
  });
}

test('only a pod on the host’s network bears a node without one', () => {
  const bare = {
    ...node('a'),
    spec: { taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' as const }] },
  };
  assert.equal(eligibility(templated({}), bare).isWanted, false);
  assert.equal(eligibility(templated({ hostNetwork: true }), bare).isWanted, true);
});

test('a pod is on the node that it has, or for the one that it is meant for', () => {
  assert.equal(nodeOf(pod('a new')), 'a');
  assert.equal(nodeOf(pod('b new unbound')), 'b');
  const free = pod('c new unbound');
  assert.equal(nodeOf({ ...free, spec: { containers: [] } }), undefined);
  const several = structuredClone(free);
  const [term] =
    several.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (term?.matchFields?.[0]) term.matchFields[0].values = ['a', 'b'];
  assert.equal(nodeOf(several), undefined, 'one that may go to several is for none of them');
});

test('a pod is up to date by the revision on its label', () => {
  assert.equal(isUpToDate(pod('a new'), 'new'), true);
  assert.equal(isUpToDate(pod('a old'), 'new'), false);
});

test('a pod is meant for one node, whatever else its template asks of nodes', () => {
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'role', operator: 'Exists' as const }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [],
    },
  };
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists' as const, effect: 'NoExecute' as const };
  const foreign = { key: 'gpu', operator: 'Exists' as const };
  const weaker = { ...own, effect: 'NoSchedule' as const };
  const tolerations = [foreign, { ...own, tolerationSeconds: 5 }, weaker];
  const spec = { containers: [{ name: 'main' }], hostNetwork: true, affinity, tolerations };
  const template = { metadata: { labels: { app: 'logs' } }, spec };
  const draft = draftDaemonPod(set({ template }), 'abc', 'a');
  assert.equal(draft.metadata.generateName, 'logs-');
  assert.deepEqual(draft.metadata.labels, {
    app: 'logs',
    'controller-revision-hash': 'abc',
    'pod-template-generation': '7',
  });
  assert.deepEqual(draft.spec?.affinity?.nodeAffinity, {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
    },
    preferredDuringSchedulingIgnoredDuringExecution: [],
  });
  assert.deepEqual(
    draft.spec?.tolerations?.map(({ key, operator, effect }) => `${key} ${operator} ${effect}`),
    [
      'gpu Exists undefined',
      'node.kubernetes.io/not-ready Exists NoSchedule',
      'node.kubernetes.io/not-ready Exists NoExecute',
      'node.kubernetes.io/unreachable Exists NoExecute',
      'node.kubernetes.io/disk-pressure Exists NoSchedule',
      'node.kubernetes.io/memory-pressure Exists NoSchedule',
      'node.kubernetes.io/pid-pressure Exists NoSchedule',
      'node.kubernetes.io/unschedulable Exists NoSchedule',
      'node.kubernetes.io/network-unavailable Exists NoSchedule',
    ],
  );
  assert.equal(draft.spec?.tolerations?.[2]?.tolerationSeconds, undefined, 'a daemon bears it for ever');
});
