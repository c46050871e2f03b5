import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Taint } from './kinds/node.ts';
import { notReadyTaint, type Toleration, toleratedSeconds, tolerates, unreachableTaint } from './taints.ts';

const taint: Taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const matches: [Toleration, boolean][] = [
  [{ key: 'dedicated', operator: 'Equal', value: 'gpu' }, true],
  [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, true],
  [{ key: 'dedicated', value: 'gpu', effect: 'NoExecute' }, false],
  [{ key: 'dedicated', value: 'cpu' }, false],
  [{ key: 'dedicated', operator: 'Exists' }, true],
  [{ key: 'other', operator: 'Exists' }, false],
  [{ operator: 'Exists' }, true],
  [{ operator: 'Equal' }, false],
];

for (const [toleration, expected] of matches) {
  test(`${JSON.stringify(toleration)} ${expected ? 'tolerates' : 'does not tolerate'} the taint`, () =>
    assert.equal(tolerates(toleration, taint), expected));
}

const unreachable: Taint = { key: unreachableTaint, effect: 'NoExecute' };
const notReady: Taint = { key: notReadyTaint, effect: 'NoExecute' };

const stays: { name: string; taints: Taint[]; tolerations: Toleration[]; seconds: number | undefined }[] = [
  { name: 'no taint', taints: [taint], tolerations: [], seconds: undefined },
  { name: 'a lost node, nothing said', taints: [unreachable], tolerations: [], seconds: 0 },
  {
    name: 'of two tolerations of a taint the first counts',
    taints: [unreachable],
    tolerations: [{ operator: 'Exists' }, { key: unreachableTaint, operator: 'Exists', tolerationSeconds: 10 }],
    seconds: undefined,
  },
  {
    name: 'a second taint that is not tolerated',
    taints: [unreachable, { key: 'mine', effect: 'NoExecute' }],
    tolerations: [{ key: unreachableTaint, operator: 'Exists', tolerationSeconds: 10 }],
    seconds: 0,
  },
  { name: 'a taint of one’s own', taints: [{ key: 'mine', effect: 'NoExecute' }], tolerations: [], seconds: 0 },
  {
    name: 'tolerated for ever',
    taints: [unreachable],
    tolerations: [{ key: unreachableTaint, operator: 'Exists' }],
    seconds: undefined,
  },
  {
    name: 'the shortest toleration counts',
    taints: [unreachable, notReady],
    tolerations: [
      { key: unreachableTaint, operator: 'Exists', tolerationSeconds: 60 },
      { key: notReadyTaint, operator: 'Exists', tolerationSeconds: 10 },
    ],
    seconds: 10,
  },
  {
    name: 'a negative time is none',
    taints: [unreachable],
    tolerations: [{ operator: 'Exists', tolerationSeconds: -5 }],
    seconds: 0,
  },
];

for (const { name, taints, tolerations, seconds } of stays) {
  test(`how long a pod stays: ${name}`, () => assert.equal(toleratedSeconds(taints, tolerations), seconds));
}
