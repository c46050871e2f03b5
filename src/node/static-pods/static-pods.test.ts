import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { systemClock } from '../../base/clock.ts';
import { planMirror } from './mirror-pods.ts';
import { mirrorOf, staticPod } from './static-pod.ts';
import { StaticPods } from './static-pods.ts';

const place = { file: '/manifests/web.yaml', nodeName: 'node-1', nowMs: 0 };
const web = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'main', image: 'i' }] },
};
const changed = { ...web, metadata: { ...web.metadata, labels: { a: 'b' } } };

test('a static pod is complete, of this node, and another as soon as its file says something else', () => {
  const pod = staticPod(web, place);
  assert.equal(pod.metadata.name, 'web-node-1');
  assert.equal(pod.spec.nodeName, 'node-1');
  assert.equal(pod.spec.restartPolicy, 'Always');
  assert.equal(pod.spec.terminationGracePeriodSeconds, 30);
  assert.equal(staticPod(web, { ...place, nowMs: 5_000 }).metadata.uid, pod.metadata.uid);
  const others = [
    staticPod(changed, place),
    staticPod(web, { ...place, file: '/x' }),
    staticPod(web, { ...place, nodeName: 'n2' }),
  ];
  assert.equal(new Set([pod, ...others].map(({ metadata }) => metadata.uid)).size, 4);
});

const faults: [string, unknown, RegExp][] = [
  ['nothing', null, /no Pod of v1/],
  ['another kind', { ...web, kind: 'Deployment' }, /no Pod of v1/],
  ['no name', { ...web, metadata: {} }, /metadata.name: Required/],
  ['a name that is none', { ...web, metadata: { name: 'a_b' } }, /metadata.name: Invalid/],
  ['no containers', { ...web, spec: {} }, /spec.containers: Required/],
  [
    'a service account',
    { ...web, spec: { ...web.spec, serviceAccountName: 'x' } },
    /may not reference serviceaccounts/,
  ],
  [
    'a secret',
    { ...web, spec: { ...web.spec, volumes: [{ name: 'v', secret: { secretName: 's' } }] } },
    /may not reference secrets/,
  ],
  [
    'a mirror',
    { ...web, metadata: { name: 'web', annotations: { 'kubernetes.io/config.mirror': 'x' } } },
    /a file makes no mirror pods/,
  ],
];
for (const [name, manifest, says] of faults)
  test(`refused: ${name}`, () => {
    assert.throws(() => staticPod(manifest, place), says);
  });

test('the next pod of a name begins when the one before it has ended', () => {
  const statics = new StaticPods({ clock: systemClock });
  const told: string[] = [];
  const [first, second] = [staticPod(web, place), staticPod(changed, place)];
  const uidOf = (pod: Pod) => pod.metadata.uid ?? '';
  statics.onChange((pod) => told.push(uidOf(pod)));
  statics.want([first]);
  statics.want([first]);
  assert.deepEqual(told, [uidOf(first)], 'what stays is not told of again');
  statics.want([second]);
  assert.equal(statics.get(uidOf(second)), undefined);
  assert.equal(statics.get(uidOf(first))?.metadata.deletionGracePeriodSeconds, 30);
  statics.ended('of the API', undefined);
  statics.ended(uidOf(first), undefined);
  assert.deepEqual(statics.all(), [second]);
});

/** As the API has it. */
function mirrorIn(uid: string, of: Pod): Pod {
  const mirror = mirrorOf(of, { name: 'n', uid: 'u' }) as Pod;
  return { ...mirror, metadata: { ...mirror.metadata, uid } };
}

test('a file that comes again as it was asks for another run, which the mirror of the one before does not show', () => {
  const statics = new StaticPods({ clock: systemClock });
  const pod = staticPod(web, place);
  const before = mirrorIn('m1', pod);
  statics.want([pod]);
  assert.ok(statics.isShownBy(before));
  statics.want([]);
  statics.want([pod]);
  assert.ok(statics.isShownBy(before), 'how it ends is told first');
  statics.ended(pod.metadata.uid ?? '', before);
  assert.deepEqual(statics.all(), [pod]);
  assert.deepEqual(
    [before, mirrorIn('m2', pod)].map((mirror) => statics.isShownBy(mirror)),
    [false, true],
  );
});

test('a mirror is made, left alone, or removed', () => {
  const pod = staticPod(web, place);
  const other = staticPod(changed, place);
  const mirror = mirrorIn('m1', pod);
  const ending = (of: Pod): Pod => ({ ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-11-20T12:00:00Z' } });
  const plan = (mirror: Pod | undefined, running: Pod | undefined) => {
    const statics = new StaticPods({ clock: systemClock });
    statics.want(running ? [running] : []);
    return planMirror(mirror, running, statics);
  };
  assert.equal(plan(undefined, undefined), undefined);
  assert.equal(plan(undefined, pod), 'make');
  assert.equal(plan(mirror, pod), undefined);
  assert.equal(plan(mirror, other), 'remove', 'it shows what the file said before');
  assert.equal(plan(ending(mirror), pod), 'remove', 'somebody deleted it');
  assert.equal(plan(mirror, ending(pod)), undefined, 'how it ends is still to be told');
  assert.equal(plan(undefined, ending(pod)), undefined);
  assert.equal(plan(mirror, undefined), 'remove');
});
