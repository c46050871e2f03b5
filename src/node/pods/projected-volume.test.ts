import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { ProjectionProblem, type ProjectionSources, projectVolume } from './projected-volume.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-projected-'));
});
after(() => rm(root, { recursive: true }));

const pod = {
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', tier: 'front' } },
  spec: {},
} as unknown as Pod;
const hourMs = 3_600_000;

/** A token that was made at a time and is valid for an hour. */
function token(atMs: number): string {
  const payload = Buffer.from(JSON.stringify({ iat: atMs / 1000, exp: (atMs + hourMs) / 1000 })).toString('base64url');
  return `head.${payload}.signature`;
}

function sourcesAt(nowMs: number, more: Partial<ProjectionSources> = {}): ProjectionSources {
  return {
    configMap: (name) => Promise.resolve(name === 'ca' ? { 'ca.crt': 'trust', other: 'x' } : undefined),
    secret: () => Promise.resolve({ key: 'hidden' }),
    token: () => Promise.resolve(token(nowMs)),
    nowMs,
    ...more,
  };
}

const away: Partial<ProjectionSources> = {
  configMap: () => Promise.reject(new Error('the master is away')),
  token: () => Promise.reject(new Error('the master is away')),
};

const access = {
  name: 'access',
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'trust/ca.crt' }] } },
      { secret: { name: 'any', items: [{ key: 'key', path: 'key', mode: 0o400 }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ],
  },
};

test('what is gathered stands in one folder', async () => {
  const folder = join(root, 'gathered');
  const renewAtMs = await projectVolume(pod, access, folder, sourcesAt(0));
  const text = (path: string) => readFile(join(folder, path), 'utf8');
  assert.deepEqual(await Promise.all(['token', 'trust/ca.crt', 'key', 'namespace', 'labels'].map(text)), [
    token(0),
    'trust',
    'hidden',
    'shop',
    'app="web"\ntier="front"',
  ]);
  assert.equal((await stat(join(folder, 'key'))).mode & 0o777, 0o400);
  assert.equal((await stat(join(folder, 'token'))).mode & 0o777, 0o644);
  assert.equal(renewAtMs, 0.8 * hourMs);
});

test('a token is made anew when four fifths of its life are over, and not before', async () => {
  const folder = join(root, 'renewed');
  await projectVolume(pod, access, folder, sourcesAt(0));
  const atMs = async (nowMs: number) => {
    await projectVolume(pod, access, folder, sourcesAt(nowMs));
    return readFile(join(folder, 'token'), 'utf8');
  };
  assert.equal(await atMs(0.7 * hourMs), token(0));
  assert.equal(await atMs(0.81 * hourMs), token(0.81 * hourMs));
});

test('what is there goes on being used while the API is away, and is tried again', async () => {
  const folder = join(root, 'kept');
  await assert.rejects(projectVolume(pod, access, folder, sourcesAt(0, away)), /away/);
  await projectVolume(pod, access, folder, sourcesAt(0));
  const againAtMs = await projectVolume(pod, access, folder, sourcesAt(hourMs, away));
  assert.equal(againAtMs, hourMs + 10_000);
  assert.equal(await readFile(join(folder, 'token'), 'utf8'), token(0));
});

test('what is missing keeps the pod waiting, unless it is optional', async () => {
  const folder = join(root, 'missing');
  const volume = (configMap: object) => ({ name: 'v', projected: { sources: [{ configMap }] } });
  const project = (configMap: object) => projectVolume(pod, volume(configMap) as typeof access, folder, sourcesAt(0));
  await assert.rejects(
    project({ name: 'none' }),
    (error) => error instanceof ProjectionProblem && /"none" not found/.test(error.message),
  );
  await assert.rejects(project({ name: 'ca', items: [{ key: 'no', path: 'no' }] }), /non-existent config key: no/);
  await assert.rejects(project({ name: 'ca', items: [{ key: 'other', path: '../../x' }] }), /leads out of the volume/);
  assert.equal(await project({ name: 'none', optional: true }), undefined);
});
