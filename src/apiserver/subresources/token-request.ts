// serviceaccounts/token: a token for the account, for those audiences and that long, which may end with an object earlier.
import { randomUUID } from 'node:crypto';
import type { TokenRequest } from '../../api/kinds/authentication-reviews.ts';
import { tokenRequests } from '../../api/kinds/authentication-reviews.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { nodes } from '../../api/kinds/node.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { secrets } from '../../api/kinds/secret.ts';
import type { KubeObject } from '../../api/meta.ts';
import { type Bonds, boundClaims, type ObjectRef } from '../../api/service-account-claims.ts';
import { BadRequest, Conflict, Forbidden, Invalid, MethodNotAllowed, NotFound } from '../../api/status.ts';
import { type Cause, invalid } from '../../api/validation.ts';
import { timestamp } from '../../base/clock.ts';
import type { TokenOptions } from '../authn/service-account-tokens.ts';
import type { ObjectCache } from '../object-cache.ts';
import { decodeAs } from '../rest/decoding.ts';
import { type RestRequest, subjectOf } from '../rest/request.ts';
import type { SubresourceHandler } from '../rest/rest.ts';
import { nodeNameOf } from '../user.ts';

const hourSeconds = 3600;
const [leastSeconds, mostSeconds] = [600, 2 ** 32];

export function tokenRequest({ key, issuer, cache, clock }: TokenOptions): SubresourceHandler {
  return async (request, rest) => {
    if (request.verb !== 'create') throw new MethodNotAllowed();
    const asked = requestIn(request);
    const { name, uid = '', namespace = '' } = rest.find({ ...request, subresource: undefined }).object.metadata;
    const nowMs = clock.now();
    const spec = {
      ...asked.spec,
      audiences: asked.spec.audiences?.length ? asked.spec.audiences : [issuer],
      expirationSeconds: asked.spec.expirationSeconds ?? hourSeconds,
    };
    checkExpiration(spec.expirationSeconds);
    const bonds = bondsOf(request, spec.boundObjectRef, asked.spec.audiences ?? [], cache);
    const nowSeconds = Math.floor(nowMs / 1000);
    const { audiences, expirationSeconds: validSeconds } = spec;
    const account = { name, uid };
    const order = { issuer, id: randomUUID(), namespace, account, audiences, bonds, nowSeconds, validSeconds };
    const token = await key.sign(boundClaims(order));
    const answer = {
      kind: asked.kind,
      apiVersion: asked.apiVersion,
      metadata: { ...asked.metadata, name, namespace, creationTimestamp: timestamp(nowMs) },
      spec,
      status: { token, expirationTimestamp: timestamp(nowMs + validSeconds * 1000) },
    };
    return { type: 'plain', code: 201, object: answer };
  };
}

function requestIn(request: RestRequest): TokenRequest {
  const { group, version, kind } = tokenRequests;
  const body = { ...(request.body as object), apiVersion: `${group}/${version}`, kind };
  const asked = decodeAs({ ...request, kind: tokenRequests }, body) as TokenRequest;
  asked.metadata ??= {} as TokenRequest['metadata'];
  asked.spec ??= {} as TokenRequest['spec'];
  const causes: Cause[] = [];
  for (const field of ['name', 'namespace'] as const) {
    const said = asked.metadata[field];
    const why = `must match the service account ${field} if specified`;
    if (said && said !== request[field]) causes.push(invalid(`metadata.${field}`, said, why));
  }
  if (causes.length > 0) throw new Invalid({ ...tokenRequests, name: request.name ?? '' }, causes);
  return asked;
}

function checkExpiration(seconds: number): void {
  const refused = (why: string) =>
    new Invalid({ ...tokenRequests, name: '' }, [invalid('spec.expirationSeconds', seconds, why)]);
  if (seconds < leastSeconds) throw refused('may not specify a duration less than 10 minutes');
  if (seconds > mostSeconds) throw refused('may not specify a duration larger than 2^32 seconds');
}

/** The objects with which the token ends. */
function bondsOf(
  request: RestRequest,
  bound: TokenRequest['spec']['boundObjectRef'],
  audiences: readonly string[],
  cache: ObjectCache,
): Bonds {
  const nodeName = nodeNameOf(request.user);
  const isToPod = bound?.kind === 'Pod' && bound.apiVersion === 'v1';
  const refuseNode = (why: string) => new Forbidden(subjectOf(request), why);
  if (nodeName !== undefined && !isToPod) throw refuseNode('node requested token not bound to a pod');
  if (!bound) return {};
  if (nodeName !== undefined && !bound.uid) throw refuseNode('node requested token with a pod binding without a uid');
  const { namespace } = request;
  const name = bound.name ?? '';
  const find = <T extends KubeObject>(kind: Kind<T>, where: string | undefined): T => {
    const found = cache.get(kind as unknown as Kind, where, name)?.object as T | undefined;
    if (!found) throw new NotFound({ group: kind.group, resource: kind.plural, name });
    const { uid } = found.metadata;
    if (!bound.uid || bound.uid === uid) return found;
    const why = `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new Conflict({ group: kind.group, resource: kind.kind, name }, why);
  };
  switch (bound.apiVersion === 'v1' ? bound.kind : '') {
    case 'Pod': {
      const pod = find(pods, namespace);
      checkAccount(pod, request.name ?? '');
      if (nodeName !== undefined && pod.spec.nodeName !== nodeName) {
        throw refuseNode(`node requested token bound to a pod scheduled on a different node`);
      }
      const fault = nodeName === undefined ? undefined : audienceFault(pod, audiences, request.user.name);
      if (fault) throw refuseNode(fault);
      return { pod: refOf(pod), ...nodeOf(pod, cache) };
    }
    case 'Node':
      return { node: refOf(find(nodes, undefined)) };
    case 'Secret':
      return { secret: refOf(find(secrets, namespace)) };
    default: {
      const [version = '', group = ''] = (bound.apiVersion ?? '').split('/').reverse();
      throw new BadRequest(`cannot bind token to object of type ${group}/${version}, Kind=${bound.kind ?? ''}`);
    }
  }
}

/** A node gets for its pods the tokens that their volumes show. Drivers of volumes, which may want some too, are not run here. */
function audienceFault({ spec }: Pod, audiences: readonly string[], who: string): string | undefined {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [wanted = ''] = audiences;
  const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  const isShown = sources.some(
    ({ serviceAccountToken }) => serviceAccountToken && (serviceAccountToken.audience ?? '') === wanted,
  );
  if (isShown) return undefined;
  return `audience ${JSON.stringify(wanted)} not found in pod spec volume, ${who} is not authorized to request tokens for this audience`;
}

const refOf = ({ metadata: { name, uid = '' } }: KubeObject): ObjectRef => ({ name, uid });

function checkAccount({ spec }: Pod, account: string): void {
  if ((spec.serviceAccountName || 'default') === account) return;
  const who = JSON.stringify(account);
  throw new BadRequest(
    `cannot bind token for serviceaccount ${who} to pod running with different serviceaccount name.`,
  );
}

/** Told in the token of a pod that has its node. */
function nodeOf({ spec }: Pod, cache: ObjectCache): Bonds {
  if (!spec.nodeName) return {};
  const uid = cache.get(nodes, undefined, spec.nodeName)?.object.metadata.uid ?? '';
  return { node: { name: spec.nodeName, uid } };
}
