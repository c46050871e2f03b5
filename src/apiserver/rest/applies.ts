// A server-side apply: the configuration in the body, checked, and laid over the object that is there, if any.
import { apply } from '../../api/apply/apply.ts';
import { checkConfig } from '../../api/apply/config-check.ts';
import { type Owner, ownersOf } from '../../api/apply/owners.ts';
import { apiVersionOf, storedKind } from '../../api/kinds/kind.ts';
import { isFields, type KubeObject, mutableCopy } from '../../api/meta.ts';
import { BadRequest, Conflict, Invalid, NotFound } from '../../api/status.ts';
import { invalid } from '../../api/validation.ts';
import { decodeAs, typeOf } from './decoding.ts';
import { doorOf, structureFor, writerOf } from './ownership.ts';
import { type RestRequest, subjectOf } from './request.ts';

/** The configuration in the body, in the stored form of its kind. Nulls in it stand: they take a value away. */
export function configIn(request: RestRequest): Record<string, unknown> {
  const { body, kind } = request;
  writerOf(request, 'Apply');
  if (!isFields(body)) throw new BadRequest('error decoding YAML: the body must be an object');
  const sent = goKindOf(body);
  if (sent !== goKindOf({ apiVersion: apiVersionOf(kind), kind: kind.kind })) {
    throw new BadRequest(`invalid object type: ${sent}`);
  }
  const metadata = isFields(body.metadata) ? body.metadata : {};
  if (metadata.managedFields !== undefined) throw new BadRequest('metadata.managedFields must be nil');
  const type = typeOf(kind);
  const subject = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${sent}`;
  if (type) checkConfig(type, structureFor(kind, doorOf(request)), body, subject);
  checkNames(request, metadata);
  return kind.view ? { ...kind.view.toStored(body as unknown as KubeObject) } : body;
}

/** "apps/v1, Kind=Deployment", or "/v1, Kind=Pod". */
function goKindOf({ apiVersion = '', kind = '' }: Record<string, unknown>): string {
  return `${String(apiVersion).includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

function checkNames({ name, namespace }: RestRequest, metadata: Record<string, unknown>): void {
  if (!metadata.name) {
    throw new BadRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (metadata.name !== name) {
    throw new BadRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (namespace && (metadata.namespace || namespace) !== namespace) {
    throw new BadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** What the object is to become, and who owns it then. */
export function appliedTo(
  request: RestRequest,
  config: Record<string, unknown>,
  live: KubeObject | undefined,
  now: string,
): { draft: KubeObject; owners: readonly Owner[] } {
  const kind = storedKind(request.kind);
  if (!live) checkCreates(request, config);
  const { object, owners } = apply({
    structure: structureFor(kind, doorOf(request)),
    live: live ?? { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name: '' } },
    owners: live ? ownersOf(live) : [],
    config,
    decode: (draft) => ({ ...decodeAs({ ...request, kind }, mutableCopy(draft)) }),
    writer: writerOf(request, 'Apply'),
    force: isForced(request),
    now,
  });
  const draft = object as unknown as KubeObject;
  draft.metadata ??= {} as KubeObject['metadata'];
  if (kind.namespaced && request.namespace) draft.metadata.namespace = request.namespace;
  return { draft, owners };
}

/** An apply through a subresource, or to one certain object, creates nothing. */
function checkCreates(request: RestRequest, { metadata }: Record<string, unknown>): void {
  if (request.subresource) throw new NotFound(subjectOf(request));
  const uid = isFields(metadata) ? metadata.uid : undefined;
  if (!uid) return;
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw new Conflict(subjectOf(request), why);
}

function isForced({ query: { force } }: RestRequest): boolean {
  if (force === undefined || /^(0|f|F|false|FALSE|False)$/.test(force)) return false;
  if (/^(|1|t|T|true|TRUE|True)$/.test(force)) return true;
  throw new Invalid({ group: 'meta.k8s.io', kind: 'PatchOptions', name: '' }, [
    invalid('force', force, 'must be a boolean'),
  ]);
}
