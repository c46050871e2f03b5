import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
