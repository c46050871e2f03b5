// CertificateSigningRequest: how a node (or anyone) asks the cluster's authority for a certificate.
import type { ICertificateSigningRequest } from 'kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest';
import type { Served } from '../meta.ts';
import { type Cause, invalid, required } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { defineKind } from './kind.ts';

export type CertificateSigningRequest = Served<ICertificateSigningRequest>;

/** Client certificates for nodes, and serving certificates for their own API. */
export const nodeClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const nodeServingSigner = 'kubernetes.io/kubelet-serving';

function conditionText({ status }: CertificateSigningRequest): string {
  const types = (status.conditions ?? []).map(({ type }) => type);
  const decided = types.length === 0 ? ['Pending'] : types;
  return [...decided, ...(status.certificate ? ['Issued'] : [])].join(',');
}

export const certificateSigningRequests = defineKind<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: false,
  ttlSeconds: 24 * 3600,
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'], door: 'status' }],
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', type: 'string', description: 'Who is asked to sign.', value: ({ spec }) => spec.signerName },
    { name: 'Requestor', type: 'string', description: 'Who asks.', value: ({ spec }) => spec.username ?? '' },
    {
      name: 'RequestedDuration',
      type: 'string',
      description: 'How long the certificate shall be valid.',
      value: ({ spec }) => orNone(spec.expirationSeconds ? `${spec.expirationSeconds}s` : ''),
    },
    { name: 'Condition', type: 'string', description: 'How far the request is.', value: conditionText },
  ],
  setDefaults: ({ spec }) => {
    spec.usages ??= ['digital signature', 'key encipherment'];
  },
  validate: ({ spec }) => {
    const causes: Cause[] = [];
    if (!spec.request) causes.push(required('spec.request'));
    else if (typeof spec.request !== 'string')
      causes.push(invalid('spec.request', spec.request, 'must be base64 text'));
    const { expirationSeconds } = spec;
    if (expirationSeconds !== undefined && !(Number.isInteger(expirationSeconds) && expirationSeconds >= 600)) {
      causes.push(
        invalid(
          'spec.expirationSeconds',
          expirationSeconds,
          'may not specify a duration less than 600 seconds (10 minutes)',
        ),
      );
    }
    if (!spec.signerName) causes.push(required('spec.signerName'));
    return causes;
  },
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
});
