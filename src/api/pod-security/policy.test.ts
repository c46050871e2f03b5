import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../kinds/pod-spec/types.ts';
import { checkPolicyLabels, levelOf, violationsOf } from './policy.ts';

const container = (securityContext: object = {}, more: object = {}) => ({ name: 'c', securityContext, ...more });
const one = (securityContext: object = {}, more: object = {}) =>
  ({ containers: [container(securityContext)], ...more }) as PodSpec;
const probing = (more: object) => container({}, more);
const modest = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const judge = (level: string, spec: PodSpec, version = 'latest') =>
  violationsOf({ annotations: {} }, spec, { name: level, version })?.replace(/^violate PodSecurity ".*?": /, '');

test('what the baseline forbids', () => {
  const cases: [spec: PodSpec, found: string | undefined][] = [
    [one(), undefined],
    [one({ privileged: true }), 'privileged (container "c" must not set securityContext.privileged=true)'],
    [one({}, { hostNetwork: true, hostPID: true }), 'host namespaces (hostNetwork=true, hostPID=true)'],
    [
      one({ capabilities: { add: ['NET_ADMIN', 'CHOWN'] } }),
      'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [one({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'hostPath volumes (volume "v")'],
    [
      {
        containers: [
          container({}, { ports: [{ hostPort: 80 }] }),
          { ...container({}, { ports: [{ hostPort: 81 }] }), name: 'd' },
        ],
      } as unknown as PodSpec,
      'hostPort (containers "c", "d" use hostPorts 80, 81)',
    ],
    [
      one({}, { containers: [probing({ livenessProbe: { httpGet: { host: '1.2.3.4' } } })] }),
      'probe or lifecycle host (container "c" uses probe or lifecycle host "1.2.3.4")',
    ],
    [
      one({}, { initContainers: [{ ...probing({ startupProbe: { tcpSocket: { host: '::1' } } }), name: 'sidecar' }] }),
      'probe or lifecycle host (container "sidecar" uses probe or lifecycle host "::1")',
    ],
    [
      one(
        {},
        {
          containers: [
            probing({ lifecycle: { postStart: { httpGet: { host: 'b' } }, preStop: { tcpSocket: { host: 'a' } } } }),
            { ...probing({ readinessProbe: { httpGet: { host: 'b' } } }), name: 'd' },
          ],
        },
      ),
      'probe or lifecycle host (containers "c", "d" use probe or lifecycle hosts "a", "b")',
    ],
    [one({}, { containers: [probing({ livenessProbe: { httpGet: { host: '' }, tcpSocket: {} } })] }), undefined],
    [one({ procMount: 'Unmasked' }), 'procMount (container "c" must not set securityContext.procMount to "Unmasked")'],
    [
      one({}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      one({ seLinuxOptions: { type: 'spc_t', user: 'u' } }),
      'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      one({}, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      one({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    ],
  ];
  for (const [spec, found] of cases) assert.equal(judge('baseline', spec), found);
});

test('what a restricted pod gives up', () => {
  const cases: [spec: PodSpec, found: string | undefined][] = [
    [one(modest), undefined],
    [
      one(),
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [
      one({ ...modest, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] } }),
      'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [one({ ...modest, runAsUser: 0 }), 'runAsUser=0 (container "c" must not set runAsUser=0)'],
    [
      one({ ...modest, runAsNonRoot: false }, { securityContext: { runAsNonRoot: true } }),
      'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      one(modest, {
        volumes: [
          { name: 'v', nfs: {} },
          { name: 'h', hostPath: {} },
          { name: 'e', emptyDir: {} },
        ],
      }),
      'restricted volume types (volumes "v", "h" use restricted volume types "hostPath", "nfs")',
    ],
    [one({ runAsNonRoot: true }, { os: { name: 'windows' } }), undefined],
  ];
  for (const [spec, found] of cases) assert.equal(judge('restricted', spec), found);
});

test('a check is none of versions before it', () => {
  const spec = one(modest, { containers: [container(modest, { livenessProbe: { httpGet: { host: 'h' } } })] });
  for (const level of ['baseline', 'restricted']) {
    const judged = ['latest', 'v1.35', 'v1.34', 'v1.33'].map((version) => judge(level, spec, version) !== undefined);
    assert.deepEqual(judged, [true, true, true, false], level);
  }
});

test('a privileged namespace takes every pod', () => {
  assert.equal(judge('privileged', one({ privileged: true }, { hostNetwork: true })), undefined);
});

test('levels stand in labels, and must be known', () => {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/warn-version': 'v1.30',
  };
  assert.deepEqual(levelOf(labels, 'enforce'), { name: 'baseline', version: 'latest' });
  assert.deepEqual(levelOf(labels, 'warn'), { name: 'privileged', version: 'v1.30' });
  const wrong = { 'pod-security.kubernetes.io/enforce': 'strict', 'pod-security.kubernetes.io/audit-version': '30' };
  assert.deepEqual(
    [...checkPolicyLabels(wrong)].map(({ field }) => field),
    [
      'metadata.labels[pod-security.kubernetes.io/enforce]',
      'metadata.labels[pod-security.kubernetes.io/audit-version]',
    ],
  );
  assert.deepEqual([...checkPolicyLabels(labels)], []);
});
