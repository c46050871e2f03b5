import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateSigningRequest,
  nodeClientSigner,
  nodeServingSigner,
} from '../../api/kinds/certificate-signing-request.ts';
import type { Node } from '../../api/kinds/node.ts';
import { clientSigner, type Denial, type Judgement, judge, type Subject, violation } from './certificate-plan.ts';

type Spec = CertificateSigningRequest['spec'];
const client: NonNullable<Spec['usages']> = ['digital signature', 'client auth'];
const serving: NonNullable<Spec['usages']> = ['digital signature', 'server auth'];
const joining = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
const itself = { username: 'system:node:one', groups: ['system:nodes', 'system:authenticated'] };

function request(spec: Partial<Spec>): CertificateSigningRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'csr' },
    spec: { signerName: nodeClientSigner, request: '', usages: client, ...spec },
    status: {},
  };
}

function subject(parts: Partial<Subject> = {}): Subject {
  return { commonName: 'system:node:one', organizations: ['system:nodes'], dnsNames: [], ipAddresses: [], ...parts };
}

const one: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'one' },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
};

const place = { serviceCidr: '10.43.0.0/16', clusterDomain: 'cluster.local' };
const asServer = { signerName: nodeServingSigner, usages: serving, ...itself };
const own = { dnsNames: ['one'], ipAddresses: ['10.0.0.1'] };

const cases: {
  name: string;
  spec: Partial<Spec>;
  subject?: Partial<Subject>;
  node?: undefined;
  expected: Judgement;
}[] = [
  { name: 'a host that joins', spec: joining, node: undefined, expected: ['nodeclient'] },
  { name: 'a node that renews', spec: itself, expected: ['selfnodeclient', 'nodeclient'] },
  {
    name: 'a node that wants to be another',
    spec: itself,
    subject: { commonName: 'system:node:two' },
    expected: ['nodeclient'],
  },
  { name: 'anybody else', spec: { username: 'jane', groups: ['developers'] }, expected: ['nodeclient'] },
  { name: 'who wants to be a master', spec: joining, subject: { organizations: ['system:masters'] }, expected: 'wait' },
  { name: 'who wants more groups', spec: joining, subject: { organizations: ['system:nodes', 'x'] }, expected: 'wait' },
  { name: 'who is no node', spec: joining, subject: { commonName: 'admin' }, expected: 'wait' },
  { name: 'who names hosts', spec: joining, subject: { dnsNames: ['kubernetes'] }, expected: 'wait' },
  { name: 'who wants to serve as well', spec: { ...joining, usages: [...client, ...serving] }, expected: 'wait' },
  { name: 'a node that serves', spec: asServer, subject: own, expected: 'approve' },
  {
    name: 'a node that wants to serve as another',
    spec: { ...asServer, username: 'system:node:two' },
    subject: own,
    expected: 'wait',
  },
  {
    name: 'somebody with the name of a node who is none',
    spec: { ...asServer, groups: ['system:authenticated'] },
    subject: own,
    expected: 'wait',
  },
  { name: 'a host that joins may not serve', spec: { ...asServer, ...joining }, subject: own, expected: 'wait' },
  { name: 'a node that poses as the API', spec: asServer, subject: { dnsNames: ['kubernetes'] }, expected: 'wait' },
  { name: 'a node with a foreign address', spec: asServer, subject: { ipAddresses: ['10.0.0.2'] }, expected: 'wait' },
  { name: 'a node that has not registered', spec: asServer, subject: own, node: undefined, expected: 'wait' },
  { name: 'a client of another kind', spec: { ...itself, signerName: clientSigner }, expected: 'wait' },
];

for (const { name, spec, subject: parts, expected, ...rest } of cases) {
  const node = 'node' in rest ? rest.node : one;
  test(`certificate for ${name}: ${expected}`, () =>
    assert.deepEqual(judge(request(spec), subject(parts), node, place), expected));
}

test('a host that joins does not take the name of a node', () => {
  const judgement = judge(request(joining), subject(), one, place);
  assert.match((judgement as Denial).denied, /there is a node one already.*--node-name.*kubectl delete node one/);
});

test('what a human approved is still refused where the signer may not sign it', () => {
  const asMaster = subject({ commonName: 'eve', organizations: ['system:masters'] });
  assert.ok(violation(request({ signerName: clientSigner }), asMaster, place));
  assert.equal(violation(request({ signerName: clientSigner }), subject({ commonName: 'jane' }), place), undefined);
  assert.ok(violation(request({ signerName: 'example.com/other' }), subject(), place));
});

const apiNames = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'web.default.svc'];
const inDomain = ['cluster.local', 'kubernetes.default.svc.cluster.local', 'one.cluster.local'];

for (const name of [...apiNames, ...inDomain, '', 'One', 'a b', '-one', '10.43.0.1', '127.0.0.1']) {
  test(`a node may not be called "${name}", for either signer`, () => {
    const username = `system:node:${name}`;
    const node = { ...one, metadata: { name } };
    const named = subject({ commonName: username });
    assert.equal(judge(request({ ...joining }), named, undefined, place), 'wait');
    assert.equal(judge(request({ ...itself, username }), named, node, place), 'wait');
    const asHost = subject({ commonName: username, ipAddresses: ['10.0.0.1'] });
    assert.equal(judge(request({ ...asServer, username }), asHost, node, place), 'wait');
  });
}

for (const name of [...apiNames, ...inDomain, 'Kubernetes.default.svc.']) {
  test(`a node may not serve as ${name}, whoever approves it`, () => {
    assert.ok(violation(request(asServer), subject({ dnsNames: ['one', name] }), place));
  });
}

for (const address of ['127.0.0.1', '::1', '10.43.0.1', '10.43.255.1', '::ffff:10.43.0.1']) {
  test(`a node may not serve at ${address}, though it says that this is its address`, () => {
    const node = { ...one, status: { addresses: [{ type: 'InternalIP', address }] } };
    assert.equal(judge(request(asServer), subject({ ipAddresses: [address] }), node, place), 'wait');
    assert.ok(violation(request(asServer), subject({ ipAddresses: [address] }), place));
  });
}
