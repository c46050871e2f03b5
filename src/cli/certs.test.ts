import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, openAuthority } from '../pki/authority.ts';
import { isDue, termOf } from '../pki/certificate-terms.ts';
import { certificateTable } from './certs.ts';

const dayMs = 24 * 3600 * 1000;

test('a certificate is due with a third of its time left, and the table says from when on', async () => {
  const authority = openAuthority(await createAuthority('test'));
  const { certificate: pem } = await authority.issue(
    { commonName: 'x' },
    { usages: ['client'], validSeconds: 300 * 86400 },
  );
  const { fromMs, toMs } = termOf(pem);
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  assert.equal(isDue(pem, fromMs + 199 * dayMs), false);
  assert.equal(isDue(pem, fromMs + 201 * dayMs), true);
  assert.equal(isDue(pem, fromMs - dayMs), true);
  const rows = [
    { name: 'server', is: 'the API', canRotate: true, pem },
    { name: 'ca', is: 'authority', canRotate: false, pem },
  ];
  const renewed = day(toMs - (toMs - fromMs) / 3);
  assert.equal(
    certificateTable(rows, fromMs + 200 * dayMs),
    [
      'NAME    EXPIRES     LEFT  RENEWED     FOR',
      `server  ${day(toMs)}  100d  ${renewed}  the API`,
      `ca      ${day(toMs)}  100d  never       authority`,
    ].join('\n'),
  );
  assert.match(certificateTable(rows, toMs + dayMs), /^server {2}\S+ {2}over/m);
});
