// Who approves or signs a certificate request needs the permission to do so for its signer; and no client certificate
// makes its owner a master.

import { checkDecisionsKept } from '../../api/certificate-request-validation.ts';
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts';
import { Invalid } from '../../api/status.ts';
import { invalid, isSame } from '../../api/validation.ts';
import { parseSigningRequest } from '../../pki/certificate.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { mastersGroup, type User } from '../user.ts';
import { type Admission, type AdmissionStep, created, refusal } from './admission.ts';

const clientSigner = 'kubernetes.io/kube-apiserver-client';

export function certificateSigners(authorizer: Authorizer): AdmissionStep {
  return {
    name: 'CertificateSigners',
    admit: (admission) => {
      const fault = admission.operation === 'update' && faultOfDecision(admission, authorizer);
      if (fault) throw refusal(admission, fault);
      const request = created(admission, certificateSigningRequests);
      if (request) return checkContent(admission, request);
    },
    check: ({ kind, operation, request, object, previous }) => {
      if ((kind as unknown) !== certificateSigningRequests || operation !== 'update') return;
      if (request.subresource !== 'status') return;
      const now = object as CertificateSigningRequest;
      const causes = [...checkDecisionsKept(now, previous as CertificateSigningRequest)];
      if (causes.length > 0) throw new Invalid({ ...certificateSigningRequests, name: now.metadata.name }, causes);
    },
  };
}

function faultOfDecision({ kind, request, object, previous }: Admission, authorizer: Authorizer): string | undefined {
  if ((kind as unknown) !== certificateSigningRequests) return undefined;
  const { spec, status } = previous as CertificateSigningRequest;
  const { signerName } = spec;
  const may = (verb: string) => mayFor(authorizer, request.user, verb, signerName);
  if (request.subresource === 'approval' && !may('approve')) {
    return `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`;
  }
  const now = (object as CertificateSigningRequest).status;
  const isDecided = now.certificate !== status.certificate || !isSame(now.conditions, status.conditions);
  if (request.subresource === 'status' && isDecided && !may('sign')) {
    return `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`;
  }
  return undefined;
}

/** For this signer, or for all of its domain. */
function mayFor(authorizer: Authorizer, user: User, verb: string, signerName: string): boolean {
  const domain = signerName.slice(0, signerName.indexOf('/'));
  const asked = { verb, group: 'certificates.k8s.io', version: '*', resource: 'signers' };
  return [signerName, `${domain}/*`].some((name) => authorizer.decide(user, { ...asked, name }).allowed);
}

async function checkContent(admission: Admission, { spec, metadata }: CertificateSigningRequest): Promise<void> {
  const pem = Buffer.from(spec.request ?? '', 'base64').toString();
  // What is none at all is refused with all else that is invalid.
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) return;
  const { organizations } = await parseSigningRequest(pem).catch((error: Error) => {
    const causes = [invalid('spec.request', spec.request, error.message)];
    throw new Invalid({ ...certificateSigningRequests, name: metadata.name }, causes);
  });
  if (spec.signerName === clientSigner && organizations.includes(mastersGroup)) {
    throw refusal(admission, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`);
  }
}
