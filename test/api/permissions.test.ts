// What somebody with few rights may not do, by whatever way he tries.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { certificateSigningRequests } from '../../src/api/kinds/certificate-signing-request.ts';
import { StatusError } from '../../src/api/status.ts';
import { createLog } from '../../src/base/log.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { ApiRequest, Resource } from '../../src/client/transport.ts';
import { createPrivateKeyPem, createSigningRequest } from '../../src/pki/certificate.ts';
import { TestServer } from '../controllers/test-server.ts';

let server: TestServer;
const transports: HttpTransport[] = [];
before(async () => {
  server = await TestServer.open();
});
after(async () => {
  for (const transport of transports) await transport.close();
  await server?.close();
});

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const core = (plural: string): Resource => ({ group: '', version: 'v1', plural });
const namespace = 'default';

function opened(identity: ConstructorParameters<typeof HttpTransport>[0]['identity']): HttpTransport {
  const { server: url, ca } = server.kubeconfig;
  const transport = new HttpTransport({
    server: url,
    ca,
    ...(identity && { identity }),
    log: createLog({ level: 'error' }),
  });
  transports.push(transport);
  return transport;
}

const asAdmin = () => opened(server.kubeconfig.identity);

/** A service account that may do in its namespace what the rules say. */
async function accountWith(name: string, rules: object[]): Promise<HttpTransport> {
  const admin = asAdmin();
  const create = (resource: Resource, body: object) => admin.request({ verb: 'create', resource, namespace, body });
  await create(core('serviceaccounts'), { metadata: { name } });
  await create({ ...rbac, plural: 'roles' }, { metadata: { name }, rules });
  const roleRef = { apiGroup: rbac.group, kind: 'Role', name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  await create({ ...rbac, plural: 'rolebindings' }, { metadata: { name }, roleRef, subjects });
  const resource = core('serviceaccounts');
  const answer = await admin.request({ verb: 'create', resource, namespace, name, subresource: 'token', body: {} });
  return opened({ token: (answer as { status: { token: string } }).status.token });
}

async function refused(action: Promise<unknown>, code: number, message: RegExp): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
    return true;
  });
}

test('a right to one object by its name makes no other, whatever is selected', async () => {
  const resource = core('configmaps');
  const rules = [{ verbs: ['*'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'] }];
  const account = await accountWith('named', rules);
  const request = { resource, namespace, query: { fieldSelector: 'metadata.name=mine' } };
  await account.request({ ...request, verb: 'list' });
  const body = { metadata: { name: 'other' } };
  await refused(account.request({ ...request, verb: 'create', body }), 403, /cannot create resource "configmaps"/);
  await refused(account.request({ ...request, verb: 'delete' }), 403, /cannot deletecollection/);
});

test('a right to a part of everything shows no object whole, by whatever form of a watch', async () => {
  const name = 'kept';
  await asAdmin().request({ verb: 'create', resource: core('secrets'), namespace, body: { metadata: { name } } });
  const rules = [{ verbs: ['get', 'watch'], apiGroups: ['*'], resources: ['*/scale'] }];
  const account = await accountWith('scaler', rules);
  const query = { watch: 'true', timeoutSeconds: '1' };
  for (const version of ['v1', 'v1/watch']) {
    const resource = { ...core('secrets'), version };
    const asked: ApiRequest = { verb: 'get', resource, namespace, name, query };
    await refused(account.request({ ...asked, subresource: 'scale' }), 404, /could not find the requested resource/);
    await refused(account.request(asked), 403, /cannot (get|watch) resource "secrets"/);
  }
});

test('what a query says of a watch means nothing where one object is named', async () => {
  const asked: ApiRequest = {
    verb: 'get',
    resource: core('namespaces'),
    name: namespace,
    query: { watch: 'true', timeoutSeconds: '1' },
  };
  const { kind } = (await asAdmin().request(asked)) as { kind: string };
  assert.equal(kind, 'Namespace');
});

test('to replace what is not there takes the right to create it', async () => {
  const account = await accountWith('replacer', [
    { verbs: ['update'], apiGroups: [''], resources: ['endpoints'] },
    { verbs: ['create'], apiGroups: [''], resources: ['endpoints'], resourceNames: ['allowed'] },
  ]);
  const put = (name: string): ApiRequest => {
    return { verb: 'update', resource: core('endpoints'), namespace, name, body: { metadata: { name } } };
  };
  await refused(account.request(put('new')), 403, /cannot create resource "endpoints"/);
  await account.request(put('allowed'));
  await account.request(put('allowed'));
});

test('an approval is read as any object is, and served by its own verbs alone', async () => {
  const admin = asAdmin();
  const pem = await createSigningRequest({ commonName: 'x', organizations: [], keyPem: await createPrivateKeyPem() });
  const name = 'asked';
  const spec = {
    signerName: 'example.com/signer',
    usages: ['client auth' as const],
    request: Buffer.from(pem).toString('base64'),
  };
  const asked = await server.client.create(certificateSigningRequests, { metadata: { name }, spec });
  const put = (body: object): ApiRequest => {
    return { verb: 'update', resource: certificateSigningRequests, name, subresource: 'approval', body };
  };
  const conditions = [{ type: 'Approved', status: 'True', reason: 'R', message: 'M' }];
  await refused(admin.request(put({ ...asked, status: { conditions: 5 } })), 400, /number into .*status.conditions/);
  await refused(admin.request(put({ metadata: { name: 'another' }, spec })), 400, /does not match the name on the URL/);
  const stale = { ...asked, metadata: { ...asked.metadata, resourceVersion: '1' }, status: { conditions } };
  await refused(admin.request(put(stale)), 409, /the object has been modified/);
  for (const verb of ['create', 'delete'] as const)
    await refused(admin.request({ ...put({}), verb }), 405, /not allow/);
  await admin.request(put({ ...asked, status: { conditions } }));
});

test('an eviction is of the pod that the path names, in its namespace', async () => {
  const evict = (metadata: object): ApiRequest => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata };
    return { verb: 'create', resource: core('pods'), namespace, name: 'web', subresource: 'eviction', body };
  };
  const admin = asAdmin();
  await refused(admin.request(evict({ name: 'web', namespace: 'kube-system' })), 400, /the namespace of the provided/);
  await refused(admin.request(evict({ name: 'another' })), 400, /name in URL does not match/);
  await refused(admin.request(evict({ name: 'web', namespace })), 404, /pods "web" not found/);
});
