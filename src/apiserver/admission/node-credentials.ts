// A Node that is made by the node itself notes with which certificate: no other one acts as this node.
import { nodes } from '../../api/kinds/node.ts';
import { credentialsAnnotation } from '../../pki/node-credentials.ts';
import { certificateOf } from '../authn/client-certificate.ts';
import { nodeNameOf } from '../user.ts';
import { type AdmissionStep, created } from './admission.ts';

export const nodeCredentials: AdmissionStep = {
  name: 'NodeCredentials',
  admit: (admission) => {
    const node = created(admission, nodes);
    const { user } = admission.request;
    const certificate = certificateOf(user);
    if (!node || nodeNameOf(user) !== node.metadata.name || certificate === undefined) return;
    node.metadata.annotations = { ...node.metadata.annotations, [credentialsAnnotation]: certificate };
  },
};
