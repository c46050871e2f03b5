import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ensureServerCredentials } from './credentials.ts';

const directory = await mkdtemp(join(tmpdir(), 'wherry-credentials-'));
after(() => rm(directory, { recursive: true }));
const names = (...ipAddresses: string[]) => ({ dnsNames: ['localhost'], ipAddresses });

test('credentials are made once, and only those whose names changed are made anew', async () => {
  const first = await ensureServerCredentials(directory, names('10.0.0.1'));
  const again = await ensureServerCredentials(directory, names('10.0.0.1'));
  assert.deepEqual([again.serving, again.admin], [first.serving, first.admin]);
  const moved = await ensureServerCredentials(directory, names('10.0.0.1', '10.0.0.2'));
  assert.notEqual(moved.serving.certificate, first.serving.certificate);
  assert.deepEqual(moved.admin, first.admin);
  assert.equal(moved.authority.certificatePem, first.authority.certificatePem);
});

test('an authority that was damaged is never replaced by a new one', async () => {
  const file = join(directory, 'ca.pem');
  const whole = await readFile(file, 'utf8');
  await writeFile(file, whole.slice(0, 100));
  await assert.rejects(ensureServerCredentials(directory, names()), /ca\.pem has no certificate and key/);
});

test('a directory of an earlier version gets what it lacks, and keeps what it has', async (t) => {
  const earlier = await mkdtemp(join(tmpdir(), 'wherry-credentials-'));
  t.after(() => rm(earlier, { recursive: true }));
  const first = await ensureServerCredentials(earlier, names('10.0.0.1'));
  await Promise.all(['agent-ca.pem', 'service-accounts.key'].map((file) => rm(join(earlier, file))));
  const later = await ensureServerCredentials(earlier, names('10.0.0.1'));
  assert.deepEqual([later.authority.certificatePem, later.admin], [first.authority.certificatePem, first.admin]);
  assert.notEqual(later.agentAuthority.certificatePem, first.agentAuthority.certificatePem);
  const again = await ensureServerCredentials(earlier, names('10.0.0.1'));
  assert.equal(again.agentAuthority.certificatePem, later.agentAuthority.certificatePem);
  assert.deepEqual(again.tokenKey.keySet(), later.tokenKey.keySet());
  const { mode } = await stat(join(earlier, 'service-accounts.key'));
  assert.equal(mode & 0o777, 0o600);
});

test('a key of tokens that was damaged is never replaced by a new one', async (t) => {
  const damaged = await mkdtemp(join(tmpdir(), 'wherry-credentials-'));
  t.after(() => rm(damaged, { recursive: true }));
  await writeFile(join(damaged, 'service-accounts.key'), 'no key');
  await assert.rejects(ensureServerCredentials(damaged, names()), /service-accounts\.key has no key/);
});
