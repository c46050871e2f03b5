// Who asks for a certificate is what the server saw, never what the request says.
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts';
import { mutableCopy } from '../../api/meta.ts';
import type { AdmissionStep } from './admission.ts';

export const certificateRequester: AdmissionStep = {
  name: 'CertificateRequester',
  admit: ({ request, kind, object, previous }) => {
    if (!object || kind !== certificateSigningRequests) return;
    const { spec } = object as CertificateSigningRequest;
    const { name, groups, uid, extra } = request.user;
    if (!previous)
      Object.assign(spec, { username: name, groups: [...groups], ...(uid && { uid }), ...(extra && { extra }) });
    else (object as CertificateSigningRequest).spec = mutableCopy((previous as CertificateSigningRequest).spec);
  },
};
