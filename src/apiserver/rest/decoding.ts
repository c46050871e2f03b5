// A body as an object of the kind, name and namespace that the path says, and in the stored form of its kind.
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import { isFields, type KubeObject } from '../../api/meta.ts';
import { decode, Undecodable } from '../../api/openapi/decode.ts';
import { typeOfKind } from '../../api/openapi/schema.ts';
import type { ObjectType } from '../../api/openapi/type.ts';
import { goText, patchMisfit } from '../../api/patch/misfit.ts';
import { applyPatch, jsonPatchType, strategicType } from '../../api/patch/patch.ts';
import { BadRequest, Invalid, type StatusError } from '../../api/status.ts';
import { unsupported } from '../../api/validation.ts';
import { optionKinds, type RestRequest } from './request.ts';

/** The object in the body of a create or an update. */
export function objectIn(request: RestRequest): KubeObject {
  const { kind, namespace, name } = request;
  // A null says as little as an object without fields, but who sends nothing forgot something.
  const body = request.body === null ? {} : request.body;
  if (!isFields(body)) throw new BadRequest('the body must be an object');
  checkKind(kind, body);
  const object = decodeAs(request, { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind });
  object.metadata ??= {} as KubeObject['metadata'];
  const { metadata } = object;
  if (namespace && (metadata.namespace || namespace) !== namespace) {
    throw new BadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (name && (metadata.name || name) !== name) {
    throw new BadRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (name) metadata.name = name;
  if (kind.namespaced && namespace) metadata.namespace = namespace;
  else delete metadata.namespace;
  return kind.view ? kind.view.toStored(object) : object;
}

/** What the patch in the body makes of the current object, which is patched as it is addressed. */
export function patchedAs(request: RestRequest, current: KubeObject): KubeObject {
  const { kind, name, body, contentType } = request;
  const shown = kind.view ? kind.view.fromStored(current) : current;
  const patched = applyPatch(contentType, shown, body, typeOf(kind));
  const misfit = (why: string) =>
    patchMisfit(contentType === strategicType ? goText(body) : JSON.stringify(patched), why);
  if (patched.kind !== kind.kind || patched.apiVersion !== apiVersionOf(kind)) {
    throw misfit(`converting (${patched.apiVersion}.${patched.kind}) to (${kind.kind}): unknown conversion`);
  }
  const object = decodeAs(request, patched, misfit);
  if (!object.metadata?.name) {
    throw new BadRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  return kind.view ? kind.view.toStored(object) : object;
}

/** What an update or a patch of a subresource sends that is of the kind of the object itself. */
export function sentObject(request: RestRequest, current: KubeObject): KubeObject {
  return request.verb === 'patch' ? patchedAs(request, current) : objectIn(request);
}

function checkKind(kind: Kind, body: Record<string, unknown>): void {
  const apiVersion = apiVersionOf(kind);
  if ((body.kind || kind.kind) === kind.kind && (body.apiVersion || apiVersion) === apiVersion) return;
  throw new BadRequest(
    `the API version in the data (${body.apiVersion}, Kind=${body.kind}) does not match the expected API version (${apiVersion}, Kind=${kind.kind})`,
  );
}

/** The body by the types of the kind's fields. Fields that nobody knows are told or refused, as the request asks. */
export function decodeAs(
  request: RestRequest,
  body: Record<string, unknown>,
  refuse = (why: string): StatusError => unreadable(request.kind, why),
): KubeObject {
  const type = typeOf(request.kind);
  if (!type) return body as unknown as KubeObject;
  try {
    const { value, unknownFields } = decode(type, body);
    const validation = fieldValidationOf(request);
    const told = validation === 'Ignore' ? [] : [...unknownTexts(unknownFields), ...repeatedTexts(request)];
    if (validation === 'Strict' && told.length > 0) throw refuse(`strict decoding error: ${told.join(', ')}`);
    for (const text of told) request.warn(text);
    if (forgetsOwners(body)) Object.assign(value.metadata as object, { managedFields: [] });
    return value as unknown as KubeObject;
  } catch (error) {
    if (error instanceof Undecodable) throw refuse(error.message);
    throw error;
  }
}

const unknownTexts = (fields: readonly string[]) => fields.map((field) => `unknown field ${JSON.stringify(field)}`);

function repeatedTexts({ repeatedFields, contentType }: RestRequest): string[] {
  const where = contentType === jsonPatchType ? 'json patch ' : '';
  return (repeatedFields?.() ?? []).map((field) => `${where}duplicate field ${JSON.stringify(field)}`);
}

const unreadable = ({ kind, version }: Kind, why: string) =>
  new BadRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);

/** An empty list says nothing anywhere but here, where it stands for "nobody". */
function forgetsOwners({ metadata }: Record<string, unknown>): boolean {
  return isFields(metadata) && Array.isArray(metadata.managedFields) && metadata.managedFields.length === 0;
}

const validations = ['Ignore', 'Strict', 'Warn'] as const;

function fieldValidationOf({ query, verb }: RestRequest): (typeof validations)[number] {
  const asked = query.fieldValidation || 'Warn';
  const known = validations.find((validation) => validation === asked);
  if (known) return known;
  const cause = unsupported('fieldValidation', asked, validations);
  throw new Invalid({ group: 'meta.k8s.io', kind: optionKinds[verb] ?? 'CreateOptions', name: '' }, [cause]);
}

const types = new WeakMap<Kind, ObjectType>();

export function typeOf(kind: Kind): ObjectType | undefined {
  const known = types.get(kind);
  if (known) return known;
  const type = typeOfKind(kind);
  if (type) types.set(kind, type);
  return type;
}
