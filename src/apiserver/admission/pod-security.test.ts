import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployments } from '../../api/kinds/deployment.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { namespaces } from '../../api/kinds/namespace.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import { type Asked, admissionOf, admitting } from './admission-for-tests.ts';
import { podSecurity } from './pod-security.ts';

const namespace = (labels: object) =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } }) as unknown as KubeObject;
const enforce = { 'pod-security.kubernetes.io/enforce': 'baseline' };
const warn = { 'pod-security.kubernetes.io/warn': 'baseline' };
const spec = (more: object = {}) => ({ containers: [{ name: 'c', securityContext: { privileged: true } }], ...more });
const pod = { metadata: { name: 'web', namespace: 'shop' }, spec: spec() };
const told = 'PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)';

/** What is told when this is written into a namespace with these labels. */
async function warnings(labels: object, asked: Asked, ...present: object[]): Promise<string[]> {
  const { put, context } = await admitting();
  put(namespaces as unknown as Kind, namespace(labels));
  for (const each of present) put(pods as unknown as Kind, { apiVersion: 'v1', kind: 'Pod', ...each } as KubeObject);
  const admission = admissionOf(asked);
  const texts: string[] = [];
  admission.request.warn = (text) => texts.push(text);
  podSecurity.check?.(admission, context);
  return texts;
}

test('what a namespace enforces is refused, what it warns of is told', async () => {
  await assert.rejects(warnings(enforce, { kind: pods, object: pod }), {
    message: `pods "web" is forbidden: violates ${told}`,
  });
  assert.deepEqual(await warnings(warn, { kind: pods, object: pod }), [`would violate ${told}`]);
  assert.deepEqual(await warnings({ team: 'a' }, { kind: pods, object: pod }), []);
});

test('who makes what makes pods is only told', async () => {
  const object = { metadata: { name: 'web', namespace: 'shop' }, spec: { template: { spec: spec() } } };
  assert.deepEqual(await warnings({ ...enforce, ...warn }, { kind: deployments, object }), [`would violate ${told}`]);
});

test('a pod that is there may be changed in what does not count', async () => {
  const tolerant = { ...pod, spec: spec({ tolerations: [{ operator: 'Exists' }] }) };
  assert.deepEqual(await warnings(enforce, { kind: pods, object: tolerant, previous: pod }), []);
  const other = { ...pod, spec: spec({ hostNetwork: true }) };
  await assert.rejects(warnings(enforce, { kind: pods, object: other, previous: pod }), /violates PodSecurity/);
});

test('who makes a namespace stricter is told of the pods in it', async () => {
  const asked = { kind: namespaces, object: namespace(enforce), previous: namespace({}) };
  assert.deepEqual(await warnings({}, asked, pod), [
    'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:latest"',
    'web: privileged (container "c" must not set securityContext.privileged=true)',
  ]);
  const wrong = { kind: namespaces, object: namespace({ 'pod-security.kubernetes.io/enforce': 'strict' }) };
  await assert.rejects(warnings({}, wrong), /must be one of privileged, baseline, restricted/);
});

test('who looks around in a pod brings no more into it than a pod may have', async () => {
  const debugged = { ...pod, spec: { containers: [{ name: 'c' }], ephemeralContainers: spec().containers } };
  const asked = { kind: pods, object: debugged, previous: { ...pod, spec: { containers: [{ name: 'c' }] } } };
  await assert.rejects(warnings(enforce, { ...asked, subresource: 'ephemeralcontainers' }), {
    message: `pods "web" is forbidden: violates ${told}`,
  });
  assert.deepEqual(await warnings(enforce, { ...asked, subresource: 'status' }), []);
});
