import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAppArmor } from './app-armor.ts';
import type { PodSpec } from './types.ts';

const key = 'container.apparmor.security.beta.kubernetes.io/c';
const unconfined = { type: 'Unconfined' } as const;

const cases: { name: string; annotation: string; spec?: object; profile?: object; isTold: boolean }[] = [
  { name: 'no profile', annotation: 'unconfined', profile: unconfined, isTold: true },
  { name: 'the default', annotation: 'runtime/default', profile: { type: 'RuntimeDefault' }, isTold: true },
  {
    name: "a node's own profile",
    annotation: 'localhost/mine',
    profile: { type: 'Localhost', localhostProfile: 'mine' },
    isTold: true,
  },
  { name: 'a profile without a name', annotation: 'localhost/', isTold: true },
  { name: 'what the pod says already', annotation: 'unconfined', spec: withProfile(unconfined), isTold: false },
  {
    name: 'other than what the pod says',
    annotation: 'unconfined',
    spec: withProfile({ type: 'RuntimeDefault' }),
    profile: unconfined,
    isTold: true,
  },
  { name: 'a pod of Windows', annotation: 'unconfined', spec: { os: { name: 'windows' } }, isTold: false },
];

function withProfile(appArmorProfile: object): object {
  return { securityContext: { appArmorProfile } };
}

for (const { name, annotation, spec, profile, isTold } of cases) {
  test(`an annotation for AppArmor: ${name}`, () => {
    const draft = { containers: [{ name: 'c', image: 'a' }], ...spec } as PodSpec;
    const told: string[] = [];
    applyAppArmor(draft, { annotations: { [key]: annotation } }, (text) => told.push(text));
    assert.deepEqual(draft.containers[0]?.securityContext?.appArmorProfile, profile);
    const warning = `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
    assert.deepEqual(told, isTold ? [warning] : []);
  });
}

test('the field has its say where both are given', () => {
  const own = { type: 'RuntimeDefault' } as const;
  const spec: PodSpec = { containers: [{ name: 'c', image: 'a', securityContext: { appArmorProfile: own } }] };
  applyAppArmor(spec, { annotations: { [key]: 'unconfined' } }, assert.fail);
  assert.deepEqual(spec.containers[0]?.securityContext?.appArmorProfile, own);
});
