import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCertificateRequest, checkChangedRequest, checkDecisionsKept } from './certificate-request-validation.ts';
import type { CertificateSigningRequest } from './kinds/certificate-signing-request.ts';

type Spec = Partial<CertificateSigningRequest['spec']>;
type Status = CertificateSigningRequest['status'];

const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n').toString(
  'base64',
);
const csr = (spec: Spec = {}, status: Status = {}): CertificateSigningRequest => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'x' },
  spec: { request, signerName: 'example.com/signer', usages: ['client auth'], ...spec },
  status,
});
const conditions = (...types: [string, string][]): Status => ({
  conditions: types.map(([type, status]) => ({ type, status })) as NonNullable<Status['conditions']>,
});
const fieldsOf = (causes: Iterable<{ field: string }>) => [...causes].map(({ field }) => field);

const cases: { name: string; csr: CertificateSigningRequest; fields: string[] }[] = [
  { name: 'a whole one', csr: csr({ expirationSeconds: 600 }), fields: [] },
  { name: 'no request', csr: csr({ request: 'eA==' }), fields: ['spec.request'] },
  { name: 'no usages', csr: csr({ usages: [] }), fields: ['spec.usages'] },
  {
    name: 'unknown and repeated usages',
    csr: csr({ usages: ['client auth', 'flying', 'client auth'] as never }),
    fields: ['spec.usages[1]', 'spec.usages[2]'],
  },
  { name: 'no signer', csr: csr({ signerName: '' }), fields: ['spec.signerName'] },
  { name: 'a signer of before', csr: csr({ signerName: 'kubernetes.io/legacy-unknown' }), fields: ['spec.signerName'] },
  { name: 'a signer without a domain', csr: csr({ signerName: 'signer' }), fields: ['spec.signerName'] },
  { name: 'a signer of a short domain', csr: csr({ signerName: 'com/signer' }), fields: ['spec.signerName'] },
  {
    name: 'a signer in capitals',
    csr: csr({ signerName: 'Example.com/Signer' }),
    fields: ['spec.signerName', 'spec.signerName'],
  },
  { name: 'a moment', csr: csr({ expirationSeconds: 599 }), fields: ['spec.expirationSeconds'] },
  {
    name: 'both decisions',
    csr: csr({}, conditions(['Approved', 'True'], ['Denied', 'True'])),
    fields: ['status.conditions[1].type'],
  },
  {
    name: 'half a decision, twice',
    csr: csr({}, conditions(['Approved', 'False'], ['Approved', 'True'])),
    fields: ['status.conditions[0].status', 'status.conditions[1].type'],
  },
  { name: 'something of its own', csr: csr({}, conditions(['Odd', 'False'])), fields: [] },
];
for (const { name, csr: given, fields } of cases) {
  test(`a certificate request with ${name}: ${fields.length} faults`, () =>
    assert.deepEqual(fieldsOf(checkCertificateRequest(given)), fields));
}

test('what was decided and signed stays', () => {
  const signed = csr({}, { ...conditions(['Approved', 'True']), certificate: 'b25l' });
  assert.deepEqual(fieldsOf(checkChangedRequest(signed, signed)), []);
  assert.deepEqual(fieldsOf(checkChangedRequest(csr(), signed)), ['status.conditions', 'status.certificate']);
  assert.deepEqual(fieldsOf(checkChangedRequest(signed, csr())), []);
});

test('nobody decides by writing the status', () => {
  const approved = csr({}, conditions(['Approved', 'True']));
  assert.deepEqual(fieldsOf(checkDecisionsKept(approved, csr())), ['status.conditions']);
  assert.deepEqual(fieldsOf(checkDecisionsKept(csr({}, conditions(['Failed', 'True'])), csr())), []);
});
