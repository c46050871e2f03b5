// Kubernetes' own JavaScript library on a server: what its tests write, and how it tells that something was refused.
import assert from 'node:assert/strict';
import {
  ApiException,
  type PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
  type V1Status,
} from '@kubernetes/client-node';

export const namespace = 'default';

export const podTemplate = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Always' },
};
export const deployment = (name: string): V1Deployment => ({
  metadata: { name },
  spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template: podTemplate },
});

export const mapNamed = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  data,
});

/** The library would send every patch as one of JSON. */
export const patchedBy = (strategy: PatchStrategy) => setHeaderOptions('Content-Type', strategy);

/** What the server answers to a refused request: the code over HTTP and the Status in the body say the same. */
export async function refused(action: Promise<unknown>): Promise<V1Status> {
  const error = await action.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ApiException, String(error));
  // The library reads the body only where the specification knows the code.
  const body = (typeof error.body === 'string' ? JSON.parse(error.body) : error.body) as V1Status;
  assert.deepEqual([body.kind, body.apiVersion, body.status], ['Status', 'v1', 'Failure']);
  assert.equal(body.code, error.code);
  return body;
}
