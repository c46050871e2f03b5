import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigProblem } from './container-env.ts';
import {
  containerSecurity,
  localSeccompProfile,
  needsAppArmor,
  needsImageUser,
  type SecurityFacts,
} from './container-security.ts';
import { samplePod } from './pod-samples.ts';

const facts: SecurityFacts = { isSeccompDefault: false };
const of = (ofPod: object, own: object, more: Partial<SecurityFacts> = {}) =>
  containerSecurity(podWith(ofPod), containerWith(own), { ...facts, ...more });
const podWith = (securityContext: object) => samplePod({ securityContext });
const containerWith = (securityContext: object) => ({ name: 'main', image: 'i', securityContext });

test('who says nothing gets what Kubernetes gives: no filter, all else as the engine has it', () => {
  assert.deepEqual(containerSecurity(samplePod(), { name: 'main' }, facts), {
    user: undefined,
    groups: [],
    privileged: false,
    readOnlyRoot: false,
    addCapabilities: [],
    dropCapabilities: [],
    noNewPrivileges: false,
    seccomp: 'unconfined',
    appArmor: undefined,
    seLinux: [],
    unmaskedProc: false,
  });
});

test('user and group are the container’s, else the pod’s, else the image’s', () => {
  const cases: [object, object, string | undefined, string | undefined][] = [
    [{}, {}, 'app', undefined],
    [{ runAsUser: 1000 }, {}, undefined, '1000'],
    [{ runAsUser: 1000, runAsGroup: 2000 }, {}, undefined, '1000:2000'],
    [{ runAsUser: 1000, runAsGroup: 2000 }, { runAsUser: 0 }, undefined, '0:2000'],
    [{ runAsUser: 1000, runAsGroup: 2000 }, { runAsGroup: 0 }, undefined, '1000:0'],
    [{ runAsGroup: 2000 }, {}, 'app:staff', 'app:2000'],
    [{}, { runAsGroup: 2000 }, '101', '101:2000'],
    [{}, { runAsGroup: 2000 }, '', '0:2000'],
    [{ supplementalGroupsPolicy: 'Strict', runAsUser: 1000, runAsGroup: 5 }, {}, undefined, '1000:5'],
  ];
  for (const [ofPod, own, imageUser, expected] of cases)
    assert.equal(of(ofPod, own, imageUser === undefined ? {} : { imageUser }).user, expected);
  const strict = { supplementalGroupsPolicy: 'Strict', runAsUser: 1000 };
  assert.throws(() => of(strict, {}), /supplementalGroupsPolicy Strict needs a runAsGroup/);
  assert.deepEqual(of({ supplementalGroups: [5, 6, 5], fsGroup: 7 }, {}).groups, [5, 6, 7]);
  assert.deepEqual(of({ supplementalGroups: [5], fsGroup: 5 }, {}).groups, [5]);
});

test('the image is asked for its user only where that matters', () => {
  const asks = (ofPod: object, own: object) => needsImageUser(podWith(ofPod), containerWith(own));
  assert.equal(asks({}, {}), false);
  assert.equal(asks({ runAsNonRoot: true }, {}), true);
  assert.equal(asks({ runAsNonRoot: true }, { runAsNonRoot: false }), false);
  assert.equal(asks({ runAsNonRoot: true, runAsUser: 5 }, {}), false);
  assert.equal(asks({ runAsGroup: 5 }, {}), true);
  assert.equal(asks({ runAsGroup: 5 }, { runAsUser: 5 }), false);
});

test('root is refused where the manifest forbids it, in Kubernetes’ words', () => {
  const where = '(pod: "web_default(u1)", container: main)';
  const asRoot = `container has runAsNonRoot and image will run as root ${where}`;
  const cases: [object, object, string, string | undefined][] = [
    [{ runAsNonRoot: true }, {}, '', asRoot],
    [{ runAsNonRoot: true }, {}, '0:0', asRoot],
    [{}, { runAsNonRoot: true }, '0', asRoot],
    [{ runAsNonRoot: true }, {}, '00', asRoot],
    [
      { runAsNonRoot: true },
      {},
      'nginx:nginx',
      `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root ${where}`,
    ],
    [{ runAsNonRoot: true }, { runAsUser: 0 }, '', `container's runAsUser breaks non-root policy ${where}`],
    [{ runAsNonRoot: true }, { runAsUser: 1 }, '', undefined],
    [{ runAsNonRoot: true }, {}, '101:0', undefined],
    [{ runAsNonRoot: true }, { runAsNonRoot: false }, '', undefined],
    [{ runAsUser: 0 }, {}, '', undefined],
  ];
  for (const [ofPod, own, imageUser, message] of cases) {
    if (message === undefined) of(ofPod, own, { imageUser });
    else assert.throws(() => of(ofPod, own, { imageUser }), new ConfigProblem(message));
  }
});

test('a filter of system calls is the container’s, else the pod’s, else the node’s default; privileged is without', () => {
  const localhost = { type: 'Localhost', localhostProfile: 'audit.json' };
  const cases: [object, object, Partial<SecurityFacts>, string | undefined][] = [
    [{}, {}, {}, 'unconfined'],
    [{}, {}, { isSeccompDefault: true }, undefined],
    [{ seccompProfile: { type: 'Unconfined' } }, {}, { isSeccompDefault: true }, 'unconfined'],
    [{ seccompProfile: { type: 'RuntimeDefault' } }, {}, {}, undefined],
    [{ seccompProfile: { type: 'RuntimeDefault' } }, { seccompProfile: { type: 'Unconfined' } }, {}, 'unconfined'],
    [{ seccompProfile: localhost }, {}, { seccompProfile: '{}' }, '{}'],
    [{ seccompProfile: localhost }, { privileged: true }, {}, undefined],
  ];
  for (const [ofPod, own, more, expected] of cases) assert.equal(of(ofPod, own, more).seccomp, expected);
  const asked = (ofPod: object, own: object) => localSeccompProfile(podWith(ofPod), containerWith(own));
  assert.equal(asked({ seccompProfile: localhost }, {}), 'audit.json');
  assert.equal(asked({ seccompProfile: localhost }, { seccompProfile: { type: 'Unconfined' } }), undefined);
  assert.equal(asked({ seccompProfile: localhost }, { privileged: true }), undefined);
});

test('AppArmor is obeyed where the host has it, and refused where it has not', () => {
  const profile = (type: string, more = {}) => ({ appArmorProfile: { type, ...more } });
  const withIt = { hasAppArmor: true };
  assert.equal(of(profile('Unconfined'), {}, withIt).appArmor, 'unconfined');
  assert.equal(of(profile('RuntimeDefault'), {}, withIt).appArmor, undefined);
  assert.equal(of(profile('Unconfined'), profile('Localhost', { localhostProfile: 'mine' }), withIt).appArmor, 'mine');
  assert.equal(of({}, { privileged: true, ...profile('RuntimeDefault') }, withIt).appArmor, undefined);
  const refused = new ConfigProblem('Cannot enforce AppArmor: AppArmor is not enabled on the host');
  assert.throws(() => of(profile('RuntimeDefault'), {}, { hasAppArmor: false }), refused);
  assert.equal(of(profile('Unconfined'), {}).appArmor, 'unconfined');
  assert.equal(needsAppArmor(podWith(profile('Unconfined')), containerWith({})), false);
  assert.equal(needsAppArmor(podWith(profile('Localhost')), containerWith({})), true);
});

test('the rest is passed on as it is', () => {
  const own = {
    privileged: true,
    readOnlyRootFilesystem: true,
    capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
    procMount: 'Unmasked',
    seLinuxOptions: { level: 's0:c1,c2', type: '' },
  };
  const found = of({ seLinuxOptions: { type: 'spc_t' } }, own);
  assert.deepEqual([found.privileged, found.readOnlyRoot, found.unmaskedProc], [true, true, true]);
  assert.deepEqual([found.addCapabilities, found.dropCapabilities], [['NET_ADMIN'], ['ALL']]);
  assert.deepEqual(found.seLinux, ['level:s0:c1,c2'], "the container's options as a whole");
  assert.deepEqual(of({ seLinuxOptions: { user: 'u', role: 'r', type: 't', level: 'l' } }, {}).seLinux, [
    'user:u',
    'role:r',
    'type:t',
    'level:l',
  ]);
  const escalation = (allowed: boolean | undefined) => of({}, { allowPrivilegeEscalation: allowed }).noNewPrivileges;
  assert.deepEqual([escalation(undefined), escalation(true), escalation(false)], [false, false, true]);
});

test('no profile of AppArmor is called what the engine calls having none', () => {
  const named = (localhostProfile: string) => () =>
    of({}, { appArmorProfile: { type: 'Localhost', localhostProfile } }, { hasAppArmor: true }).appArmor;
  assert.equal(named('my-profile')(), 'my-profile');
  assert.throws(named('unconfined'), ConfigProblem);
});
