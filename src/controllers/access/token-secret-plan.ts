// What is to be done with a Secret that shall hold the token of a service account. Pure.
import type { Secret } from '../../api/kinds/secret.ts';
import type { ServiceAccount } from '../../api/kinds/service-account.ts';

export const tokenSecretType = 'kubernetes.io/service-account-token';
export const accountNameAnnotation = 'kubernetes.io/service-account.name';
export const accountUidAnnotation = 'kubernetes.io/service-account.uid';

export type TokenSecretStep =
  | { do: 'nothing' }
  /** Its account is gone. */
  | { do: 'delete' }
  | { do: 'complete'; needsToken: boolean; data: Record<string, string>; annotations: Record<string, string> };

const base64 = (text: string) => Buffer.from(text).toString('base64');

export function planTokenSecret(secret: Secret, account: ServiceAccount | undefined, caPem: string): TokenSecretStep {
  const { annotations = {}, namespace = '' } = secret.metadata;
  if (secret.type !== tokenSecretType || !annotations[accountNameAnnotation]) return { do: 'nothing' };
  const uid = annotations[accountUidAnnotation];
  if (!account || (uid && uid !== account.metadata.uid)) return { do: 'delete' };
  const { data = {} } = secret;
  const wanted = { 'ca.crt': base64(caPem), ...(!data.namespace && { namespace: base64(namespace) }) };
  const missing = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => data[key] !== value));
  const needsToken = !data.token;
  const needsUid = uid !== account.metadata.uid;
  if (!needsToken && !needsUid && Object.keys(missing).length === 0) return { do: 'nothing' };
  return {
    do: 'complete',
    needsToken,
    data: missing,
    annotations: needsUid ? { [accountUidAnnotation]: account.metadata.uid ?? '' } : {},
  };
}
