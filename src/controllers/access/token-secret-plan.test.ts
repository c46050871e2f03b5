import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../../api/kinds/secret.ts';
import type { ServiceAccount } from '../../api/kinds/service-account.ts';
import { planTokenSecret, type TokenSecretStep } from './token-secret-plan.ts';

const named = { 'kubernetes.io/service-account.name': 'bot' };
const bound = { ...named, 'kubernetes.io/service-account.uid': '1' };
const type = 'kubernetes.io/service-account-token';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const whole = { token: 'dG9rZW4=', 'ca.crt': base64('CA'), namespace: base64('ns') };
const account: ServiceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace: 'ns', name: 'bot', uid: '1' },
};
const secret = (annotations: Record<string, string>, parts: Partial<Secret> = {}): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'ns', name: 's', annotations },
  type,
  ...parts,
});

const cases: { name: string; secret: Secret; account?: undefined; step: TokenSecretStep }[] = [
  { name: 'of another type', secret: secret(named, { type: 'Opaque' }), step: { do: 'nothing' } },
  { name: 'that names no account', secret: secret({}), step: { do: 'nothing' } },
  { name: 'whose account is gone', secret: secret(named), account: undefined, step: { do: 'delete' } },
  {
    name: 'whose account was made anew',
    secret: secret({ ...bound, 'kubernetes.io/service-account.uid': '2' }, { data: whole }),
    step: { do: 'delete' },
  },
  { name: 'that has all', secret: secret(bound, { data: whole }), step: { do: 'nothing' } },
  {
    name: 'that is new',
    secret: secret(named),
    step: {
      do: 'complete',
      needsToken: true,
      data: { 'ca.crt': base64('CA'), namespace: base64('ns') },
      annotations: { 'kubernetes.io/service-account.uid': '1' },
    },
  },
  {
    name: 'with an old authority',
    secret: secret(bound, { data: { ...whole, 'ca.crt': 'b2xk' } }),
    step: { do: 'complete', needsToken: false, data: { 'ca.crt': base64('CA') }, annotations: {} },
  },
];

for (const { name, secret: given, step, ...rest } of cases) {
  test(`a token secret ${name}: ${step.do}`, () =>
    assert.deepEqual(planTokenSecret(given, 'account' in rest ? undefined : account, 'CA'), step));
}
