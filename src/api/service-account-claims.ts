// What the token of a service account says: bound ones, which end with a time or with an object, and those that Secrets
// of the type kubernetes.io/service-account-token hold, which last as long as the Secret. Pure.
import { isFields } from './meta.ts';
import { serviceAccountUserName } from './service-account-user.ts';

export interface ObjectRef {
  name: string;
  uid: string;
}

/** Objects that a token may be bound to: it ends with them. */
export interface Bonds {
  pod?: ObjectRef;
  node?: ObjectRef;
  secret?: ObjectRef;
}

export interface BoundClaims {
  aud: string[];
  exp: number;
  iat: number;
  iss: string;
  jti: string;
  'kubernetes.io': Bonds & { namespace: string; serviceaccount: ObjectRef; warnafter?: number };
  nbf: number;
  sub: string;
}

export interface SecretClaims {
  iss: typeof secretIssuer;
  'kubernetes.io/serviceaccount/namespace': string;
  'kubernetes.io/serviceaccount/secret.name': string;
  'kubernetes.io/serviceaccount/service-account.name': string;
  'kubernetes.io/serviceaccount/service-account.uid': string;
  sub: string;
}

export type Claims = BoundClaims | SecretClaims;

export const secretIssuer = 'kubernetes/serviceaccount';

export function issuerOf(clusterDomain: string): string {
  return `https://kubernetes.default.svc.${clusterDomain}`;
}

export function secretClaims(namespace: string, secretName: string, account: ObjectRef): SecretClaims {
  return {
    iss: secretIssuer,
    'kubernetes.io/serviceaccount/namespace': namespace,
    'kubernetes.io/serviceaccount/secret.name': secretName,
    'kubernetes.io/serviceaccount/service-account.name': account.name,
    'kubernetes.io/serviceaccount/service-account.uid': account.uid,
    sub: serviceAccountUserName(namespace, account.name),
  };
}

/** Kubernetes' own choice for tokens in pods; those who ask for it get a year, and a token that says when to renew it. */
const renewedSeconds = 3607;
const yearSeconds = 365 * 24 * 3600;

export interface BoundTokenOrder {
  issuer: string;
  id: string;
  namespace: string;
  account: ObjectRef;
  audiences: string[];
  bonds: Bonds;
  nowSeconds: number;
  validSeconds: number;
}

export function boundClaims(order: BoundTokenOrder): BoundClaims {
  const { issuer, id, namespace, account, audiences, bonds, nowSeconds, validSeconds } = order;
  const isRenewed =
    bonds.pod !== undefined && validSeconds === renewedSeconds && audiences.length === 1 && audiences[0] === issuer;
  return {
    aud: audiences,
    exp: nowSeconds + (isRenewed ? yearSeconds : validSeconds),
    iat: nowSeconds,
    iss: issuer,
    jti: id,
    'kubernetes.io': {
      namespace,
      ...(bonds.node && { node: bonds.node }),
      ...(bonds.pod && { pod: bonds.pod }),
      ...(bonds.secret && { secret: bonds.secret }),
      serviceaccount: account,
      ...(isRenewed && { warnafter: nowSeconds + validSeconds }),
    },
    nbf: nowSeconds,
    sub: serviceAccountUserName(namespace, account.name),
  };
}

export const isOfSecret = (claims: Claims): claims is SecretClaims => claims.iss === secretIssuer;

/** What a verified token says, if it is one of a service account. */
export function claimsIn(payload: unknown, issuer: string): Claims | undefined {
  if (!isFields(payload) || typeof payload.sub !== 'string') return undefined;
  if (payload.iss === secretIssuer) return payload as unknown as SecretClaims;
  return payload.iss === issuer && isFields(payload['kubernetes.io']) ? (payload as unknown as BoundClaims) : undefined;
}
