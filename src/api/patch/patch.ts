// A patch of any type, applied to an object. Never changes its arguments; the answer is the caller's to change.
import { isFields, type KubeObject, mutableCopy } from '../meta.ts';
import type { ObjectType } from '../openapi/type.ts';
import { BadRequest, UnsupportedMediaType } from '../status.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge.ts';
import { strategicMergePatch } from './strategic.ts';

export const jsonPatchType = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
export const strategicType = 'application/strategic-merge-patch+json';
/** A configuration to be applied, which is no patch of what is there. */
export const applyType = 'application/apply-patch+yaml';

export const patchTypes: readonly string[] = [jsonPatchType, merge, strategicType, applyType];

/** Without a type nobody knows what a strategic patch would merge. */
export function applyPatch(
  contentType: string,
  current: KubeObject,
  patch: unknown,
  type: ObjectType | undefined,
): Record<string, unknown> {
  const patched = patchedBy(contentType, current, patch, type);
  if (!isFields(patched)) throw new BadRequest('the patch leaves no object');
  return patched;
}

function patchedBy(contentType: string, current: KubeObject, patch: unknown, type: ObjectType | undefined): unknown {
  const fields = current as unknown as Record<string, unknown>;
  switch (contentType) {
    case jsonPatchType:
      return jsonPatch(mutableCopy(fields), patch);
    case merge:
      return mutableCopy(mergePatch(fields, asFields(patch, 'error decoding patch: ')));
    case strategicType:
      if (type) return mutableCopy(strategicMergePatch(type, fields, asFields(patch)));
  }
  throw new UnsupportedMediaType(patchTypes.filter((each) => type || each !== strategicType));
}

function asFields(patch: unknown, told = ''): Record<string, unknown> {
  if (isFields(patch)) return patch;
  const sent = Array.isArray(patch) ? 'array' : typeof patch;
  throw new BadRequest(`${told}json: cannot unmarshal ${sent} into Go value of type map[string]interface {}`);
}
