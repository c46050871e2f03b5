// A Node that is made by the node itself notes with which key: no other one acts as this node.
import { nodes } from '../../api/kinds/node.ts';
import { credentialsAnnotation } from '../../pki/node-credentials.ts';
import { nodeNameOf } from '../user.ts';
import { type AdmissionStep, created } from './admission.ts';

export const nodeCredentials: AdmissionStep = {
  name: 'NodeCredentials',
  admit: (admission) => {
    const node = created(admission, nodes);
    const { user } = admission.request;
    const { keyFingerprint } = user;
    if (!node || nodeNameOf(user) !== node.metadata.name || keyFingerprint === undefined) return;
    node.metadata.annotations = { ...node.metadata.annotations, [credentialsAnnotation]: keyFingerprint };
  },
};
