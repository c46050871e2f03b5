import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { isSignedBy, signatureBy } from './token-signature.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };

test('the signature is what kubeadm computes, and holds for this content and token alone', async () => {
  const head = Buffer.from('{"alg":"HS256","kid":"abcdef"}').toString('base64url');
  const content = Buffer.from('content').toString('base64url');
  const mac = createHmac('sha256', token.secret).update(`${head}.${content}`).digest('base64url');
  const signature = await signatureBy(token, 'content');
  assert.equal(signature, `${head}..${mac}`);
  assert.equal(await isSignedBy(token, 'content', signature), true);
  assert.equal(await isSignedBy(token, 'other', signature), false);
  assert.equal(await isSignedBy({ ...token, secret: '0123456789abcdeg' }, 'content', signature), false);
  for (const text of ['', 'x', 'a.b.c', `${head}..`]) assert.equal(await isSignedBy(token, 'content', text), false);
});
