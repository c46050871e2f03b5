// Kubernetes' strategic merge patch: a merge patch that knows which lists are maps, with its directives
//   $patch: replace | delete | merge      $retainKeys: [..]
//   $deleteFromPrimitiveList/LIST: [..]   $setElementOrder/LIST: [..]
import { isDeepStrictEqual } from 'node:util';
import { BadRequest } from '../status.ts';
import { isPlainObject } from './merge.ts';
import { listMergeAt } from './merge-keys.ts';

type Fields = Record<string, unknown>;

const deleteFrom = '$deleteFromPrimitiveList/';
const orderOf = '$setElementOrder/';

export function strategicMergePatch(current: object, patch: Fields): Fields {
  return mergeFields(current as Fields, patch, []);
}

function mergeFields(current: Fields, patch: Fields, path: readonly string[]): Fields {
  const { $patch, $retainKeys, ...changes } = patch;
  if ($patch === 'replace') return structuredClone(changes);
  if ($patch === 'delete') return {};
  if ($patch !== undefined && $patch !== 'merge')
    throw new BadRequest(`unknown patch directive $patch: ${JSON.stringify($patch)}`);
  const result = retained(current, $retainKeys);
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(deleteFrom)) {
      const field = key.slice(deleteFrom.length);
      result[field] = asList(result[field]).filter(
        (item) => !asList(value).some((gone) => isDeepStrictEqual(gone, item)),
      );
    } else if (key.startsWith(orderOf)) continue;
    else if (value === null) delete result[key];
    else result[key] = mergeValue(result[key], value, [...path, key]);
  }
  for (const [key, order] of Object.entries(changes)) {
    if (!key.startsWith(orderOf)) continue;
    const field = key.slice(orderOf.length);
    if (Array.isArray(result[field]))
      result[field] = ordered(result[field], asList(order), asList(changes[field]), [...path, field]);
  }
  return result;
}

function retained(current: Fields, keys: unknown): Fields {
  if (keys === undefined) return { ...current };
  return Object.fromEntries(Object.entries(current).filter(([key]) => asList(keys).includes(key)));
}

function mergeValue(current: unknown, patch: unknown, path: readonly string[]): unknown {
  if (isPlainObject(patch)) return mergeFields(isPlainObject(current) ? current : {}, patch, path);
  if (Array.isArray(patch)) return mergeLists(asList(current), patch, path);
  return patch;
}

function mergeLists(current: unknown[], patch: unknown[], path: readonly string[]): unknown[] {
  const merge = listMergeAt(path);
  if (merge === 'replace') return patch.filter((item) => !isDirective(item)).map((item) => structuredClone(item));
  if (merge === 'set') return [...new Set([...current, ...patch])];
  return mergeMaps(current, patch, merge.key, path);
}

function mergeMaps(current: unknown[], patch: unknown[], key: string, path: readonly string[]): unknown[] {
  const items = patch.map((item) => {
    if (!isPlainObject(item)) throw new BadRequest(`an item of ${path.join('.')} in the patch is not an object`);
    return item;
  });
  const replaces = items.some((item) => item.$patch === 'replace' && item[key] === undefined);
  const result: unknown[] = replaces ? [] : [...current];
  for (const item of items) {
    if (isDirective(item) && item[key] === undefined) continue;
    if (item[key] === undefined)
      throw new BadRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const at = result.findIndex((known) => isPlainObject(known) && known[key] === item[key]);
    if (item.$patch === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = mergeFields(result[at] as Fields, item, path);
    else result.push(mergeFields({}, item, path));
  }
  return result;
}

/** Items in the order that is asked for; those it doesn't name stay behind the neighbour they had. */
function ordered(items: unknown[], order: unknown[], patched: unknown[], path: readonly string[]): unknown[] {
  const merge = listMergeAt(path);
  if (merge === 'replace') return items;
  const idOf = (item: unknown) => (typeof merge === 'object' && isPlainObject(item) ? item[merge.key] : item);
  const wanted = order.map(idOf);
  const placeOf = (item: unknown) => wanted.indexOf(idOf(item));
  const named = items.filter((item) => placeOf(item) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
  const patchedIds = patched.map(idOf);
  const result = [...named];
  // What only the server has keeps its place relative to the item before it.
  for (const [index, item] of items.entries()) {
    if (placeOf(item) >= 0 || patchedIds.includes(idOf(item))) continue;
    const before = items
      .slice(0, index)
      .reverse()
      .find((other) => result.includes(other));
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, item);
  }
  return result;
}

function isDirective(item: unknown): boolean {
  return isPlainObject(item) && '$patch' in item;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
