// Certificates on a real server: a host joins with a token and becomes a node; others wait for a human.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  nodeClientSigner,
  nodeServingSigner,
} from '../../src/api/kinds/certificate-signing-request.ts';
import { clusterRoleBindings } from '../../src/api/kinds/cluster-role-binding.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { createJoinToken } from '../../src/cli/token.ts';
import type { Client } from '../../src/client/client.ts';
import { type CertificateSubject, createPrivateKeyPem, createSigningRequest } from '../../src/pki/certificate.ts';
import { bearerOf, parseJoinToken, tokenSecretName } from '../../src/pki/token.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const nodeSubject = (name: string) => ({ commonName: `system:node:${name}`, organizations: ['system:nodes'] });

async function ask(
  client: Client,
  name: string,
  subject: CertificateSubject,
  spec: Pick<CertificateSigningRequest['spec'], 'signerName' | 'usages'>,
): Promise<string> {
  const keyPem = await createPrivateKeyPem();
  const pem = await createSigningRequest({ ...subject, keyPem });
  await client.create(certificateSigningRequests, {
    metadata: { name },
    spec: { ...spec, request: Buffer.from(pem).toString('base64') },
  });
  return keyPem;
}

async function issued(name: string): Promise<X509Certificate> {
  const request = await server.when(`${name} issued`, certificateSigningRequests, (all) =>
    all.find(({ metadata, status }) => metadata.name === name && status.certificate),
  );
  return new X509Certificate(Buffer.from(request.status.certificate ?? '', 'base64'));
}

/** What `kubectl certificate approve` does. */
async function approve(name: string): Promise<void> {
  const request = await server.client.get(certificateSigningRequests, { name });
  const condition = { type: 'Approved', status: 'True', reason: 'KubectlApprove', message: 'by hand' };
  await server.client.update(
    certificateSigningRequests,
    { ...request, status: { ...request.status, conditions: [condition] } },
    'approval',
  );
}

const clientUse = { signerName: nodeClientSigner, usages: ['digital signature' as const, 'client auth' as const] };

test('a host joins with a token, becomes a node, and serves under its own addresses only', async (t) => {
  const token = parseJoinToken(await createJoinToken(server.kubeconfig, 60_000, 'test'));
  const host = server.clientAs({ token: bearerOf(token) });
  const key = await ask(host, 'join', nodeSubject('one'), clientUse);
  const certificate = await issued('join');
  assert.match(certificate.subject, /CN=system:node:one/);
  assert.ok(certificate.verify(new X509Certificate(server.kubeconfig.ca).publicKey));
  const node = server.clientAs({ certificate: certificate.toString(), key });
  const serving = { signerName: nodeServingSigner, usages: ['digital signature' as const, 'server auth' as const] };
  const servingKey = await ask(
    node,
    'serving',
    { ...nodeSubject('one'), dnsNames: ['one'], ipAddresses: ['10.9.8.7'] },
    serving,
  );
  await ask(node, 'greedy', { ...nodeSubject('one'), dnsNames: ['kubernetes.default.svc'] }, serving);
  // It waits until the node has told its addresses.
  await node.create(nodes, { metadata: { name: 'one' } });
  const status = { addresses: [{ type: 'InternalIP', address: '10.9.8.7' }] };
  await node.patch(nodes, { name: 'one' }, { status }, { subresource: 'status' });
  const certified = await issued('serving');
  assert.match(certified.subjectAltName ?? '', /DNS:one.*IP Address:10\.9\.8\.7/);
  assert.ok(
    !certified.verify(new X509Certificate(server.kubeconfig.ca).publicKey),
    'who trusts the API trusts no node',
  );
  const answer = (_request: unknown, response: ServerResponse) => response.end('from the agent');
  const agent = createServer({ cert: certified.toString(), key: servingKey }, answer).listen(0, '127.0.0.1');
  t.after(() => agent.close());
  await once(agent, 'listening');
  const daemonEndpoints = { kubeletEndpoint: { Port: (agent.address() as AddressInfo).port } };
  const here = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints };
  await node.patch(nodes, { name: 'one' }, { status: here }, { subresource: 'status' });
  const spec = { nodeName: 'one', containers: [{ name: 'main', image: 'x' }] };
  await server.client.create(pods, { metadata: { namespace: 'default', name: 'web' }, spec });
  assert.equal(await server.kubectl('logs', 'web'), 'from the agent');
  const greedy = await server.client.get(certificateSigningRequests, { name: 'greedy' });
  assert.deepEqual([greedy.status.conditions, greedy.status.certificate], [undefined, undefined]);
});

test('who may not make nodes waits for a human, also where he asks to be one', async () => {
  const token = parseJoinToken(await createJoinToken(server.kubeconfig, 60_000, 'test'));
  const binding = await server.client.get(clusterRoleBindings, { name: 'wherry:node-approval' });
  await server.client.patch(clusterRoleBindings, binding.metadata, { subjects: [] });
  await ask(server.clientAs({ token: bearerOf(token) }), 'waits', nodeSubject('two'), clientUse);
  // Who comes after it and is a master gets his at once.
  await ask(server.client, 'follows', nodeSubject('three'), clientUse);
  await issued('follows');
  const { status: waiting } = await server.client.get(certificateSigningRequests, { name: 'waits' });
  assert.deepEqual(waiting, {});
  await approve('waits');
  assert.match((await issued('waits')).subject, /CN=system:node:two/);
  const { status } = await server.client.get(certificateSigningRequests, { name: 'waits' });
  assert.deepEqual(
    status.conditions?.map(({ reason }) => reason),
    ['KubectlApprove'],
  );
});

test('a person waits for a human, who approves', async () => {
  const jane = { commonName: 'jane', organizations: ['developers'] };
  const spec = { signerName: 'kubernetes.io/kube-apiserver-client', usages: clientUse.usages };
  await ask(server.client, 'jane', jane, spec);
  await approve('jane');
  const certificate = await issued('jane');
  assert.match(certificate.subject, /CN=jane/);
  const asMaster = ask(server.client, 'eve', { commonName: 'eve', organizations: ['system:masters'] }, spec);
  await assert.rejects(asMaster, { code: 403, message: /signer with system:masters group is not allowed/ });
  await ask(server.client, 'bob', { ...jane, dnsNames: ['kubernetes'] }, { ...spec, usages: ['server auth'] });
  await approve('bob');
  await server.when('refused', certificateSigningRequests, (all) =>
    all.some(
      ({ metadata, status }) =>
        metadata.name === 'bob' &&
        !status.certificate &&
        status.conditions?.some(({ type, reason }) => type === 'Failed' && reason === 'SignerValidationFailure'),
    ),
  );
});

test('a join token whose time is over is deleted', async () => {
  const secretName = (token: string) => tokenSecretName(parseJoinToken(token).id);
  const lasting = secretName(await createJoinToken(server.kubeconfig, 3_600_000, 'lasting'));
  const brief = secretName(await createJoinToken(server.kubeconfig, 500, 'brief'));
  await server.when('only the lasting one', secrets, (all) => {
    const names = all.map(({ metadata }) => metadata.name);
    return names.includes(lasting) && !names.includes(brief);
  });
});
