import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { TokenRequest } from '../../api/kinds/authentication-reviews.ts';
import { nodes } from '../../api/kinds/node.ts';
import { pods } from '../../api/kinds/pod.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import type { KubeObject } from '../../api/meta.ts';
import { type BoundClaims, issuerOf } from '../../api/service-account-claims.ts';
import type { StatusError } from '../../api/status.ts';
import { createPrivateKeyPem } from '../../pki/certificate.ts';
import { TokenKey } from '../../pki/token-key.ts';
import { filledCache } from '../cache-for-tests.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import type { User } from '../user.ts';
import { tokenRequest } from './token-request.ts';

const issuer = issuerOf('cluster.local');
const nowMs = Date.parse('2026-01-01T00:00:00Z');
const nowSeconds = nowMs / 1000;
let key: TokenKey;
before(async () => {
  key = new TokenKey(await createPrivateKeyPem());
});

const admin: User = { name: 'admin', groups: ['system:masters'] };
const nodeOne: User = { name: 'system:node:one', groups: ['system:nodes'] };
const made = (kind: string, name: string, spec: object = {}, namespace: string | undefined = 'ns') =>
  ({
    apiVersion: 'v1',
    kind,
    metadata: { name, uid: `${name}-uid`, ...(namespace && { namespace }) },
    spec,
  }) as KubeObject;

const tokenVolumes = [
  { name: 'api', projected: { sources: [{ configMap: { name: 'ca' } }, { serviceAccountToken: { path: 'token' } }] } },
  { name: 'vault', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } },
];

interface Asked {
  spec?: object;
  metadata?: object;
  user?: User;
}

async function ask({ spec = {}, metadata = {}, user = admin }: Asked): Promise<TokenRequest> {
  const { cache, put } = await filledCache();
  put(serviceAccounts, made('ServiceAccount', 'bot'));
  put(pods, made('Pod', 'web', { serviceAccountName: 'bot', nodeName: 'one', volumes: tokenVolumes }));
  put(pods, made('Pod', 'far', { serviceAccountName: 'bot', nodeName: 'two' }));
  put(pods, made('Pod', 'other', { serviceAccountName: 'other' }));
  put(nodes, made('Node', 'one', {}, ''));
  const handler = tokenRequest({ key, issuer, cache, clock: { now: () => nowMs } as never });
  const [namespace, name, body] = ['ns', 'bot', { spec, metadata }];
  const request = {
    verb: 'create',
    kind: serviceAccounts,
    namespace,
    name,
    subresource: 'token',
    query: {},
    user,
    body,
  };
  const find = () => cache.get(serviceAccounts as never, namespace, name);
  const answer = await handler({ ...request, warn: () => {} } as unknown as RestRequest, { find } as unknown as Rest);
  assert.ok(answer.type === 'plain' && answer.code === 201);
  return answer.object as TokenRequest;
}

const claimsOf = async (asked: Asked) => (await key.verify((await ask(asked)).status.token ?? '')) as BoundClaims;
const toPod = (name: string, uid = `${name}-uid`) => ({ apiVersion: 'v1', kind: 'Pod', name, uid });

test('a token is for the API and an hour unless told', async () => {
  const { jti, ...claims } = await claimsOf({});
  assert.match(jti, /^[0-9a-f-]{36}$/);
  assert.deepEqual(claims, {
    aud: [issuer],
    exp: nowSeconds + 3600,
    iat: nowSeconds,
    iss: issuer,
    nbf: nowSeconds,
    sub: 'system:serviceaccount:ns:bot',
    'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'bot', uid: 'bot-uid' } },
  });
  const { metadata, spec, status } = await ask({});
  assert.deepEqual(metadata, { name: 'bot', namespace: 'ns', creationTimestamp: '2026-01-01T00:00:00Z' });
  assert.deepEqual(spec, { audiences: [issuer], expirationSeconds: 3600 });
  assert.equal(status.expirationTimestamp, '2026-01-01T01:00:00Z');
});

test('a token bound to a pod says where the pod runs', async () => {
  const claims = await claimsOf({
    spec: { audiences: ['vault'], expirationSeconds: 600, boundObjectRef: toPod('web') },
  });
  assert.deepEqual([claims.aud, claims.exp], [['vault'], nowSeconds + 600]);
  const { pod, node } = claims['kubernetes.io'];
  assert.deepEqual(
    [pod, node],
    [
      { name: 'web', uid: 'web-uid' },
      { name: 'one', uid: 'one-uid' },
    ],
  );
});

test('a token that a node renews lasts longer than it says, for the time that the master is away', async () => {
  const asked = { spec: { expirationSeconds: 3607, boundObjectRef: toPod('web') }, user: nodeOne };
  const claims = await claimsOf(asked);
  assert.equal(claims.exp, nowSeconds + 365 * 24 * 3600);
  assert.equal(claims['kubernetes.io'].warnafter, nowSeconds + 3607);
  assert.equal((await ask(asked)).status.expirationTimestamp, '2026-01-01T01:00:07Z');
});

test('a node gets tokens for those to whom its pod speaks', async () => {
  for (const audiences of [[], ['vault']]) {
    await ask({ spec: { audiences, boundObjectRef: toPod('web') }, user: nodeOne });
  }
});

const bound = (boundObjectRef: object) => ({ spec: { boundObjectRef } });
const refusals: { name: string; asked: Asked; code: number; message: RegExp }[] = [
  { name: 'a short time', asked: { spec: { expirationSeconds: 599 } }, code: 422, message: /less than 10 minutes/ },
  {
    name: 'ages',
    asked: { spec: { expirationSeconds: 2 ** 32 + 1 } },
    code: 422,
    message: /larger than 2\^32 seconds/,
  },
  {
    name: 'another account',
    asked: { metadata: { name: 'x' } },
    code: 422,
    message: /metadata.name: .*must match the service account name/,
  },
  { name: 'a pod that is not there', asked: bound(toPod('nope')), code: 404, message: /pods "nope" not found/ },
  {
    name: 'a pod made anew',
    asked: bound(toPod('web', 'old')),
    code: 409,
    message: /the UID in the bound object reference \(old\)/,
  },
  { name: "another's pod", asked: bound(toPod('other')), code: 400, message: /different serviceaccount name/ },
  {
    name: 'a service',
    asked: bound({ apiVersion: 'v1', kind: 'Service', name: 'x' }),
    code: 400,
    message: /object of type \/v1, Kind=Service/,
  },
  { name: 'a node, for no pod', asked: { user: nodeOne }, code: 403, message: /not bound to a pod/ },
  {
    name: 'a node, for any pod of a name',
    asked: { ...bound({ ...toPod('web'), uid: '' }), user: nodeOne },
    code: 403,
    message: /without a uid/,
  },
  {
    name: 'a node, for whom its pod does not know',
    asked: { spec: { audiences: ['bank'], boundObjectRef: toPod('web') }, user: nodeOne },
    code: 403,
    message: /audience "bank" not found in pod spec volume, system:node:one is not authorized/,
  },
  {
    name: 'a node, for many at once',
    asked: { spec: { audiences: ['vault', 'bank'], boundObjectRef: toPod('web') }, user: nodeOne },
    code: 403,
    message: /node may only request 0 or 1 audiences/,
  },
  {
    name: 'a node, for a pod of another',
    asked: { ...bound(toPod('far')), user: nodeOne },
    code: 403,
    message: /different node/,
  },
];

for (const { name, asked, code, message } of refusals) {
  test(`no token for ${name}`, () =>
    assert.rejects(ask(asked), (error: StatusError) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    }));
}
