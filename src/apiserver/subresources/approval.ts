// certificatesigningrequests/approval: only the conditions are taken, and they bear the time of the decision.
import type { CertificateSigningRequest } from '../../api/kinds/certificate-signing-request.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { sentObject } from '../rest/decoding.ts';
import { object, type SubresourceHandler } from '../rest/rest.ts';

type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number];

export const approval: SubresourceHandler = async (request, rest) => {
  if (request.verb === 'get') return object(200, rest.find(request));
  const cached = await rest.writes.change(request, (current) => {
    const { metadata, status } = sentObject(request, current) as Partial<CertificateSigningRequest> & KubeObject;
    const decided = mutableCopy(current) as CertificateSigningRequest;
    if (metadata.resourceVersion) decided.metadata.resourceVersion = metadata.resourceVersion;
    if (metadata.uid) decided.metadata.uid = metadata.uid;
    const now = rest.now();
    decided.status.conditions = (status?.conditions ?? []).map((condition) => ({
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime:
        condition.lastTransitionTime ?? transitionOf(condition, current as CertificateSigningRequest) ?? now,
    }));
    return decided;
  });
  return object(200, cached);
};

/** A condition that stays as it was has not changed now. */
function transitionOf({ type, status }: Condition, current: CertificateSigningRequest): string | undefined {
  return current.status.conditions?.find((known) => known.type === type && known.status === status)?.lastTransitionTime;
}
