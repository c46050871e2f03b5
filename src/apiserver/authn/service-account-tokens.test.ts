import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { pods } from '../../api/kinds/pod.ts';
import { secrets } from '../../api/kinds/secret.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta.ts';
import { type BoundTokenOrder, boundClaims, issuerOf, secretClaims } from '../../api/service-account-claims.ts';
import { createPrivateKeyPem } from '../../pki/certificate.ts';
import { TokenKey } from '../../pki/token-key.ts';
import { type FilledCache, filledCache } from '../cache-for-tests.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

const issuer = issuerOf('cluster.local');
const account = { name: 'bot', uid: 'a1' };
const pod = { name: 'web', uid: 'p1' };
const startMs = Date.parse('2026-01-01T00:00:00Z');
let key: TokenKey;
let otherKey: TokenKey;
before(async () => {
  key = new TokenKey(await createPrivateKeyPem());
  otherKey = new TokenKey(await createPrivateKeyPem());
});

const made = (kind: string, { name, uid }: { name: string; uid: string }, metadata: Partial<ObjectMeta> = {}) =>
  ({ apiVersion: 'v1', kind, metadata: { namespace: 'ns', name, uid, ...metadata }, spec: {} }) as KubeObject;

const tokenOf = (parts: Partial<BoundTokenOrder> = {}, signer = key) =>
  signer.sign(
    boundClaims({
      issuer,
      id: 'id-1',
      namespace: 'ns',
      account,
      audiences: [issuer],
      bonds: {},
      nowSeconds: startMs / 1000,
      validSeconds: 3600,
      ...parts,
    }),
  );

async function tokensAt(laterMs = 0) {
  const filled = await filledCache();
  filled.put(serviceAccounts, made('ServiceAccount', account));
  filled.put(pods, made('Pod', pod));
  const clock = { now: () => startMs + laterMs };
  return { ...filled, tokens: new ServiceAccountTokens({ key, issuer, cache: filled.cache, clock: clock as never }) };
}

const hourMs = 3_600_000;
const cases: {
  name: string;
  token?: () => Promise<string>;
  laterMs?: number;
  change?: (filled: FilledCache) => void;
  audiences?: string[];
  fault?: RegExp;
}[] = [
  { name: 'of an account' },
  { name: 'of a pod', token: () => tokenOf({ bonds: { pod } }) },
  { name: 'that ended a moment ago', laterMs: hourMs + 30_000 },
  { name: 'that ended', laterMs: hourMs + 61_000, fault: /expired/ },
  { name: 'of the future', laterMs: -hourMs, fault: /not valid yet/ },
  {
    name: 'of a pod, that its node renews',
    token: () => tokenOf({ bonds: { pod }, validSeconds: 3607 }),
    laterMs: 24 * hourMs,
  },
  { name: 'for others', audiences: ['vault'], fault: /token audiences \["https:.*"\] is invalid .* \["vault"\]/ },
  { name: 'for others too', token: () => tokenOf({ audiences: ['vault', issuer] }), audiences: ['x', 'vault'] },
  {
    name: 'whose account is gone',
    change: ({ remove }) => remove(serviceAccounts, made('ServiceAccount', account)),
    fault: /serviceaccounts "bot" not found/,
  },
  {
    name: 'whose account was made anew',
    change: ({ put }) => put(serviceAccounts, made('ServiceAccount', { ...account, uid: 'a2' })),
    fault: /serviceaccount UID \(a2\) does not match claim \(a1\)/,
  },
  {
    name: 'whose pod is ending',
    token: () => tokenOf({ bonds: { pod } }),
    change: ({ put }) => put(pods, made('Pod', pod, { deletionTimestamp: '2026-01-01T00:00:00Z' })),
  },
  {
    name: 'whose pod should have ended',
    token: () => tokenOf({ bonds: { pod } }),
    change: ({ put }) => put(pods, made('Pod', pod, { deletionTimestamp: '2025-12-31T23:00:00Z' })),
    fault: /pod "web" has been deleted/,
  },
  {
    name: 'whose pod is gone',
    token: () => tokenOf({ bonds: { pod } }),
    change: ({ remove }) => remove(pods, made('Pod', pod)),
    fault: /pods "web" not found/,
  },
];

for (const { name, token = tokenOf, laterMs, change, audiences = [issuer], fault } of cases) {
  test(`a token ${name}: ${fault ? 'refused' : 'valid'}`, async () => {
    const filled = await tokensAt(laterMs);
    const text = await token();
    change?.(filled);
    const review = filled.tokens.review(text, audiences);
    if (fault) return assert.rejects(review, fault);
    assert.equal((await review)?.user.name, 'system:serviceaccount:ns:bot');
  });
}

test('a token that was valid is looked at again each time', async () => {
  const { tokens, remove } = await tokensAt();
  const token = await tokenOf({ bonds: { pod, node: { name: 'n', uid: 'n1' } } });
  const user = await tokens.userOf(token);
  assert.deepEqual(user, {
    name: 'system:serviceaccount:ns:bot',
    uid: 'a1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': ['JTI=id-1'],
      'authentication.kubernetes.io/node-name': ['n'],
      'authentication.kubernetes.io/node-uid': ['n1'],
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['p1'],
    },
  });
  assert.equal(tokens.userOf(token), user, 'at once');
  remove(pods, made('Pod', pod));
  assert.throws(() => tokens.userOf(token), /not found/);
});

test('what we did not sign is nobody', async () => {
  const { tokens } = await tokensAt();
  const foreign = await tokenOf({}, otherKey);
  const [head, , signature] = (await tokenOf()).split('.');
  const claims = Buffer.from(JSON.stringify({ iss: issuer, sub: 'system:serviceaccount:ns:admin' })).toString(
    'base64url',
  );
  const otherIssuer = await tokenOf({ issuer: 'https://other' });
  for (const text of [foreign, `${head}.${claims}.${signature}`, otherIssuer, 'nonsense', '', 'a.b.c']) {
    assert.equal(await tokens.userOf(text), undefined, text);
  }
});

test('the token of a Secret is valid as long as the Secret holds it', async () => {
  const { tokens, put } = await tokensAt();
  const token = await key.sign(secretClaims('ns', 's', account));
  const holding = (text: string) => ({
    ...made('Secret', { name: 's', uid: 's1' }),
    data: { token: Buffer.from(text).toString('base64') },
  });
  await assert.rejects(async () => tokens.userOf(token), /invalidated/);
  put(secrets, holding(token));
  assert.equal((await tokens.userOf(token))?.name, 'system:serviceaccount:ns:bot');
  put(secrets, holding('another'));
  assert.throws(() => tokens.userOf(token), /invalidated/);
});
