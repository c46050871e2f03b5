// Certificates while they are in use: the server's are renewed when time has come, or by hand, and so are a node's; connections that
// are open stay so, with the watches on them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { systemClock } from '../../src/base/clock.ts';
import { writeFileWhole } from '../../src/base/files.ts';
import { createLog } from '../../src/base/log.ts';
import { createJoinToken } from '../../src/cli/token.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { ensureIdentity } from '../../src/node/identity.ts';
import { openAuthority } from '../../src/pki/authority.ts';
import { pairIn, pemOf } from '../../src/pki/certificate.ts';
import { isDue } from '../../src/pki/certificate-terms.ts';
import { parseKubeconfig } from '../../src/pki/kubeconfig.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { wherry } from '../cli/wherry.ts';
import { TestServer } from './test-server.ts';

let directory: string;
let server: TestServer;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-renewal-'));
  server = await TestServer.open();
});
after(async () => {
  await server?.close();
  await rm(directory, { recursive: true, force: true });
});

const log = createLog({ level: 'error' });
const pki = (file: string) => join(server.dataDir, 'server/pki', file);

/** What the API's port shows to who comes now. */
async function shown(): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', ca: server.kubeconfig.ca });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** A watch that is open; `hears` tells that it goes on. */
function watching(client: Client) {
  const heard: string[] = [];
  const stop = new AbortController();
  const select = { namespace: 'default', resourceVersion: '0' };
  const over = (async () => {
    for await (const { object } of client.watch(configMaps, select, stop.signal)) heard.push(object.metadata.name);
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  const hears = async (name: string) => {
    await server.client.create(configMaps, { metadata: { namespace: 'default', name } });
    await waitUntil(`${name} is heard`, () => heard.includes(name));
  };
  const end = async () => {
    stop.abort();
    await over;
  };
  return { hears, end };
}

test('what the server shows is renewed by hand, and no connection is dropped', async () => {
  const watch = watching(server.client);
  await watch.hears('one');
  const before = await shown();
  const { code, stdout } = await wherry(['certs', 'rotate', 'server', '--data-dir', server.dataDir]);
  assert.deepEqual([code, stdout], [0, 'server is made anew\n']);
  await waitUntil('another certificate', async () => (await shown()) !== before);
  await watch.hears('two');
  await watch.end();
  const wrong = await wherry(['certs', 'rotate', 'ca', '--data-dir', server.dataDir]);
  assert.deepEqual([wrong.code, /ca cannot be rotated: there are server, agent-client/.test(wrong.stderr)], [2, true]);
  const { stdout: listed } = await wherry(['certs', '--data-dir', server.dataDir]);
  assert.match(listed, /^admin +\d{4}-\d\d-\d\d +36[45]d +\d{4}-\d\d-\d\d +the administrator$/m);
});

test('certificates whose time is nearly over are renewed in the running server, and the kubeconfig is written anew', async () => {
  const authority = openAuthority(pairIn(await readFile(pki('ca.pem'), 'utf8')) ?? assert.fail());
  const watch = watching(server.client);
  await watch.hears('three');
  const before = await readFile(server.kubeconfigFile, 'utf8');
  // Valid from five minutes ago for one more.
  const short = { usages: ['client', 'server'] as const, validSeconds: 60 };
  const subject = { commonName: 'admin', organizations: ['system:masters'], ipAddresses: ['127.0.0.1'] };
  const old = pemOf(await authority.issue(subject, short));
  for (const file of ['admin.pem', 'agent-client.pem', 'server.pem']) await writeFileWhole(pki(file), old);
  const kubeconfig = await waitUntil('a new kubeconfig', async () => {
    const text = await readFile(server.kubeconfigFile, 'utf8');
    return text !== before && text;
  });
  for (const file of ['admin.pem', 'agent-client.pem', 'server.pem'])
    await waitUntil(`${file} renewed`, async () => !isDue(await readFile(pki(file), 'utf8'), Date.now()));
  await watch.hears('four');
  await watch.end();
  const { identity, ca } = parseKubeconfig(kubeconfig);
  assert.ok(identity);
  assert.equal(ca, server.kubeconfig.ca);
  assert.ok(await server.clientAs(identity).list(nodes));
});

test("a node's certificate is renewed with its key, by hand; the old one goes on for what is open, and both are the node", async () => {
  const dataDir = join(directory, 'node');
  const token = await createJoinToken(server.kubeconfig, 600_000, 'test');
  const { server: url } = server.kubeconfig;
  const options = { server: url, token, nodeName: 'one', nodeIp: undefined, clock: systemClock, log };
  const first = await ensureIdentity({ ...options, dataDir: join(dataDir, 'agent') }, new AbortController().signal);
  const transport = new HttpTransport({ server: url, ca: first.ca, identity: first, log });
  const watched = await new Client(transport).get(nodes, { name: 'one' });
  const heard = Promise.withResolvers<string>();
  const stop = new AbortController();
  const select = { resourceVersion: watched.metadata.resourceVersion ?? '0', fieldSelector: 'metadata.name=one' };
  const watch = (async () => {
    for await (const { object } of new Client(transport).watch(nodes, select, stop.signal))
      if (object.metadata.labels?.said === 'yes') heard.resolve('yes');
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) heard.reject(error);
  });

  const rotated = await wherry(['certs', 'rotate', 'node', '--data-dir', dataDir, '--server', url]);
  assert.equal(rotated.code, 0, rotated.stderr);
  const second = await ensureIdentity({ ...options, token: undefined, dataDir: join(dataDir, 'agent') }, stop.signal);
  assert.equal(second.key, first.key);
  assert.notEqual(second.certificate, first.certificate);
  transport.renew(second);
  await new Client(transport).patch(nodes, { name: 'one' }, { metadata: { labels: { said: 'yes' } } });
  assert.equal(await heard.promise, 'yes');
  stop.abort();
  await watch;
  // Who has not heard of the new one yet is the node all the same.
  assert.equal((await server.clientAs(first).get(nodes, { name: 'one' })).metadata.name, 'one');
  await transport.close();
});
