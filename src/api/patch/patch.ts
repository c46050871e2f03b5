// A patch of any type, applied to an object. Never changes its arguments; the answer is the caller's to change.
import { applyPatch as applyJsonPatch, type Operation } from 'rfc6902';
import { type KubeObject, mutableCopy } from '../meta.ts';
import { BadRequest, Invalid, UnsupportedMediaType } from '../status.ts';
import { mergePatch } from './merge.ts';
import { strategicMergePatch } from './strategic.ts';

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

export function applyPatch(contentType: string, current: KubeObject, patch: unknown): KubeObject {
  switch (contentType) {
    case merge:
      return mutableCopy(mergePatch(current, asObject(patch)) as KubeObject);
    case strategic:
      return mutableCopy(strategicMergePatch(current, asObject(patch)) as unknown as KubeObject);
    case json:
      return applyOperations(current, patch);
    default:
      throw new UnsupportedMediaType([json, merge, strategic]);
  }
}

function asObject(patch: unknown): Record<string, unknown> {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw new BadRequest('the patch must be an object');
  return patch as Record<string, unknown>;
}

function applyOperations(current: KubeObject, patch: unknown): KubeObject {
  if (!Array.isArray(patch)) throw new BadRequest('a JSON patch must be a list of operations');
  const draft = mutableCopy(current);
  const failed = firstFailure(draft, patch as Operation[]);
  if (!failed) return draft;
  const { apiVersion, kind, metadata } = current;
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const cause = { reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${failed.message}` };
  throw new Invalid({ group, kind, name: metadata.name }, [cause]);
}

/** Malformed paths are thrown by the library, what does not fit the object is answered. */
function firstFailure(draft: KubeObject, operations: Operation[]): Error | null | undefined {
  try {
    return applyJsonPatch(draft, operations).find((error) => error !== null);
  } catch (error) {
    throw new BadRequest(`the JSON patch is malformed: ${(error as Error).message}`);
  }
}
