import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { createAuthority, openAuthority } from '../pki/authority.ts';
import { type ClusterView, problemsOf, statusReport } from './status-report.ts';

const hourMs = 3_600_000;
/** A little later than the certificate is made. */
const nowMs = Date.now() + hourMs;
let pem: string;
before(async () => {
  const authority = openAuthority(await createAuthority('test'));
  pem = (await authority.issue({ commonName: 'x' }, { usages: ['client'] })).certificate;
});

const node = (name: string, status: string, more: object[] = []) =>
  ({
    metadata: { name },
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      nodeInfo: { kubeletVersion: 'v1.34.0' },
      conditions: [{ type: 'Ready', status, message: 'Docker hangs' }, ...more],
    },
  }) as unknown as Node;

const pod = (name: string, phase: string, status: object = {}, ageMs = 0) =>
  ({
    metadata: { namespace: 'shop', name, creationTimestamp: new Date(nowMs - ageMs).toISOString() },
    spec: { nodeName: 'one' },
    status: { phase, ...status },
  }) as unknown as Pod;

const waiting = (reason: string) => ({
  containerStatuses: [{ name: 'app', ready: false, restartCount: 1, state: { waiting: { reason, message: 'why' } } }],
});

const view = (parts: Partial<ClusterView> = {}): ClusterView => ({
  server: 'https://192.0.2.9:6443',
  version: 'v1.34.0',
  program: '0.1.0',
  nodes: [node('one', 'True')],
  pods: [pod('a', 'Running'), pod('b', 'Pending'), pod('c', 'Succeeded')],
  certificates: [{ name: 'server', is: 'the API', canRotate: true, pem }],
  backup: { file: '/b/x.gz', takenMs: nowMs - 3 * hourMs },
  manifests: [],
  freeBytes: 5e9,
  nowMs,
  ...parts,
});

test('a cluster that is well fits on a screen', () => {
  assert.equal(
    statusReport(view()),
    `server        https://192.0.2.9:6443  Kubernetes v1.34.0, wherry 0.1.0
disk          5000 MB left
backup        /b/x.gz, 3 hours ago
certificates  the first ends in 364 days (server)
pods          1 running, 1 not running yet, 1 finished
nodes         1, 1 ready
  one  ready  192.0.2.1  v1.34.0  1 pods

Nothing is wrong.`,
  );
});

const cases: [what: string, parts: () => Partial<ClusterView>, says: RegExp][] = [
  ['no node', () => ({ nodes: [] }), /there is no node.*wherry token create/s],
  [
    'a node that is silent',
    () => ({ nodes: [node('one', 'Unknown')] }),
    /node one is silent.*kubectl delete node one/s,
  ],
  [
    'a node that is not ready',
    () => ({ nodes: [node('one', 'False')] }),
    /node one is not ready: Docker hangs.*journalctl/s,
  ],
  [
    'a node without memory',
    () => ({
      nodes: [node('one', 'True', [{ type: 'MemoryPressure', status: 'True', message: 'too little memory' }])],
    }),
    /node one: too little memory.*kubectl describe node one/s,
  ],
  [
    'a crash loop',
    () => ({ pods: [pod('a', 'Running', waiting('CrashLoopBackOff'))] }),
    /shop\/a: CrashLoopBackOff, why.*logs -n shop a -c app/s,
  ],
  [
    'an image',
    () => ({ pods: [pod('a', 'Pending', waiting('ErrImagePull'))] }),
    /ErrImagePull.*kubectl describe pod -n shop a/s,
  ],
  [
    'a pod that finds no node',
    () => ({ pods: [pod('a', 'Pending', { conditions: [{ type: 'PodScheduled', message: '0/1 nodes' }] }, hourMs)] }),
    /shop\/a is pending: 0\/1 nodes/,
  ],
  [
    'an old backup',
    () => ({ backup: { file: 'x', takenMs: nowMs - 72 * hourMs } }),
    /newest backup is 3 days ago.*wherry backup/s,
  ],
  ['a full disk', () => ({ freeBytes: 5e8 }), /500 MB left: when it is full.*make room/s],
  [
    'a certificate',
    () => ({ nowMs: nowMs + 340 * 24 * hourMs, pods: [], backup: undefined }),
    /server ends in 2\d days.*rotate server/s,
  ],
];
for (const [what, parts, says] of cases)
  test(`${what} is told with what to do`, () => {
    const problems = problemsOf(view(parts()));
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.match(statusReport(view(parts())), says);
  });

test('manifests are counted, and those that are not applied are told of', () => {
  const manifests = [{ file: 'web.yaml' }, { file: 'db.yaml', fault: 'it says nothing' }];
  assert.match(statusReport(view({ manifests })), /^manifests +2, 1 applied$/m);
  assert.deepEqual(problemsOf(view({ manifests })), [
    { text: 'manifest db.yaml: it says nothing', remedy: 'mend the file: it is tried again by itself' },
  ]);
});
