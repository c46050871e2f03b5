import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, openAuthority } from './authority.ts';
import { caHash, createPrivateKeyPem, createSigningRequest, parseSigningRequest } from './certificate.ts';
import { formatKubeconfig, parseKubeconfig } from './kubeconfig.ts';
import { createTokenParts, formatJoinToken, parseJoinToken } from './token.ts';

test('an authority signs what a request names, with the key that never left the requester', async () => {
  const pair = await createAuthority('test-ca');
  const authority = openAuthority(pair);
  const keyPem = await createPrivateKeyPem();
  const subject = {
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    dnsNames: ['a'],
    ipAddresses: ['10.0.0.1'],
  };
  const request = await createSigningRequest({ ...subject, keyPem });
  assert.deepEqual(await parseSigningRequest(request), subject);
  const certificate = new X509Certificate(
    await authority.signRequest(request, { usages: ['server'], validSeconds: 60 }),
  );
  assert.ok(certificate.verify(new X509Certificate(pair.certificate).publicKey));
  assert.match(certificate.subject, /O=system:nodes\nCN=system:node:a/);
  assert.match(certificate.subjectAltName ?? '', /DNS:a, IP Address:10\.0\.0\.1/);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('a request that was tampered with is refused', async () => {
  const request = await createSigningRequest({ commonName: 'system:node:a', keyPem: await createPrivateKeyPem() });
  const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der.write('b', der.indexOf('node:a') + 'node:'.length);
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await assert.rejects(parseSigningRequest(forged), /not signed with its own key/);
});

test('tokens and kubeconfigs come back as they were written', async () => {
  const { certificate } = await createAuthority('test-ca');
  const token = { ...createTokenParts(), caHash: caHash(certificate) };
  assert.deepEqual(parseJoinToken(formatJoinToken(token)), token);
  assert.throws(() => parseJoinToken('abc.def'), /malformed/);
  const config = { server: 'https://10.0.0.1:6443', ca: certificate, identity: { certificate: 'C', key: 'K' } };
  assert.deepEqual(parseKubeconfig(formatKubeconfig(config)), config);
});
