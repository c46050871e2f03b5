// CertificateSigningRequest: how a node (or anyone) asks the cluster's authority for a certificate.
import type { ICertificateSigningRequest } from 'kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest';
import { checkCertificateRequest, checkChangedRequest } from '../certificate-request-validation.ts';
import type { Served } from '../meta.ts';
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
  validate: checkCertificateRequest,
  validateUpdate: checkChangedRequest,
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
});
