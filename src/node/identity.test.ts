import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { writeFileWhole } from '../base/files.ts';
import type { Client } from '../client/client.ts';
import { type Authority, createAuthority, openAuthority } from '../pki/authority.ts';
import { pemOf } from '../pki/certificate.ts';
import { ensureServingCertificate } from './identity.ts';

const subject = { commonName: 'system:node:one', dnsNames: ['one'], ipAddresses: ['10.0.0.1'] };

async function ensure(
  t: TestContext,
  { of, nodeAddress, api }: { of: Authority; nodeAddress: string; api: Authority },
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'wherry-identity-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const kept = await of.issue(subject, { usages: ['server'] });
  await writeFileWhole(join(dataDir, 'pki/serving.pem'), pemOf(kept));
  const client = { create: () => Promise.reject(new Error('asks for a certificate')) } as unknown as Client;
  const node = { nodeName: 'one', nodeAddress, dataDir, clock: systemClock, apiCa: api.certificatePem };
  return { kept, answer: ensureServingCertificate(client, node, new AbortController().signal) };
}

test('a serving certificate is kept while it is of the authority of agents and for the address of the node', async (t) => {
  const api = openAuthority(await createAuthority('api'));
  const agents = openAuthority(await createAuthority('agents'));
  const good = await ensure(t, { of: agents, nodeAddress: '10.0.0.1', api });
  assert.deepEqual(await good.answer, good.kept);
  const moved = await ensure(t, { of: agents, nodeAddress: '10.0.0.2', api });
  await assert.rejects(moved.answer, /asks for a certificate/);
  const earlier = await ensure(t, { of: api, nodeAddress: '10.0.0.1', api });
  await assert.rejects(earlier.answer, /asks for a certificate/);
});
