import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podTemplateHash } from './pod-template-hash.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1' }] } };

test('the order of fields does not matter, nor how nothing is written', () => {
  const metadata = { annotations: undefined, creationTimestamp: null, labels: { app: 'web' } };
  const other = { spec: { ...template.spec, volumes: [] }, metadata };
  assert.equal(podTemplateHash(other), podTemplateHash(template));
});

test('another image or another collision count gives another hash', () => {
  const newer = { ...template, spec: { containers: [{ name: 'web', image: 'nginx:2' }] } };
  const hashes = [podTemplateHash(template), podTemplateHash(newer), podTemplateHash(template, 1)];
  assert.equal(new Set(hashes).size, 3);
  for (const hash of hashes) assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{5,10}$/);
});
