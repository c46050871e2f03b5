// Kubernetes' strategic merge patch: a merge patch that knows by the types of fields which lists are maps, with its directives
//   $patch: replace | delete                $retainKeys: [..]
//   $deleteFromPrimitiveList/LIST: [..]     $setElementOrder/LIST: [..]
import { isFields } from '../meta.ts';
import { listRuleOf } from '../openapi/list-rules.ts';
import type { Type } from '../openapi/type.ts';
import { BadRequest, StatusError } from '../status.ts';
import { type Identity, inOrder, placesIn } from './element-order.ts';
import { goText, patchMisfit } from './misfit.ts';

type Fields = Record<string, unknown>;

const deleteFrom = '$deleteFromPrimitiveList/';
const orderOf = '$setElementOrder/';

/** Answers what the patch makes of the object; neither is changed, and the answer may share their parts. */
export function strategicMergePatch(type: Type, current: Fields, patch: Fields): Fields {
  try {
    return mergeFields(type, current, patch);
  } catch (error) {
    throw error instanceof Misfit ? patchMisfit(goText(patch), error.message) : error;
  }
}

/** The patch holds what no object of its kind can. */
class Misfit extends Error {}

/** What a field holds, and how it is merged. Where nothing is known it is as untyped JSON. */
interface FieldRule {
  type: Type;
  merges: boolean;
  replaces: boolean;
  mergeKey: string | undefined;
}

function ruleOf(type: Type, name: string): FieldRule {
  const field = type.is === 'object' ? type.fields.get(name)?.type : type.is === 'map' ? type.of : undefined;
  const { strategy = '', mergeKey } = type.is === 'object' ? (listRuleOf(type.name, name) ?? {}) : {};
  return {
    type: field ?? { is: 'any' },
    merges: strategy.startsWith('merge'),
    replaces: strategy === 'replace',
    mergeKey,
  };
}

function mergeFields(type: Type, current: Fields, patch: Fields): Fields {
  const { $patch, $retainKeys, ...changes } = patch;
  if ($patch === 'replace') return { ...changes, ...($retainKeys !== undefined && { $retainKeys }) };
  if ($patch === 'delete') return {};
  if ($patch !== undefined) throw unknownPatchType($patch, patch);
  const result = retained(current, $retainKeys, changes);
  const ordered = Object.keys(changes).filter((key) => key.startsWith(orderOf));
  for (const key of ordered) mergeInOrder(result, changes, key, type);
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(deleteFrom)) deleteItems(result, key.slice(deleteFrom.length), value);
    else if (value === null) delete result[key];
    else result[key] = mergeValue(ruleOf(type, key), result[key], value);
  }
  return result;
}

/** All that the patch changes must be among what is retained. */
function retained(current: Fields, keys: unknown, changes: Fields): Fields {
  if (keys === undefined) return { ...current };
  const misfit = new BadRequest('invalid patch format of retainKeys');
  if (!Array.isArray(keys)) throw misfit;
  for (const [key, value] of Object.entries(changes)) {
    const isDirective = key.startsWith(deleteFrom) || key.startsWith(orderOf);
    if (value !== null && !isDirective && !keys.includes(key)) throw misfit;
  }
  return Object.fromEntries(Object.entries(current).filter(([key]) => keys.includes(key)));
}

function mergeValue(rule: FieldRule, current: unknown, patch: unknown): unknown {
  if (isFields(patch)) {
    if (!isFields(current)) return withoutDirectives(patch);
    return rule.replaces ? patch : mergeFields(rule.type, current, patch);
  }
  if (!Array.isArray(patch)) return patch;
  if (!Array.isArray(current)) return withoutDirectives(patch);
  return rule.merges ? mergeLists(rule, current, patch) : patch;
}

/** The list that a $setElementOrder is about, merged and put in that order. It is then done with. */
function mergeInOrder(result: Fields, changes: Fields, directive: string, type: Type): void {
  const field = directive.slice(orderOf.length);
  const order = changes[directive];
  const { [field]: current } = result;
  const { [field]: patch } = changes;
  delete changes[directive];
  if (!Array.isArray(order)) throw new BadRequest('invalid patch format of setElementOrder list');
  if (current === undefined && patch === undefined) return;
  const rule = ruleOf(type, field);
  if (patch === null) return;
  if ((current !== undefined && !Array.isArray(current)) || (patch !== undefined && !Array.isArray(patch))) return;
  delete changes[field];
  const identityOf = identityBy(rule.mergeKey);
  if (patch) checkOrder(identityOf, patch, order);
  const merged = current && patch ? mergeLists(rule, current, patch) : (current ?? withoutDirectives(patch));
  result[field] = inOrder(identityOf, merged as unknown[], order, current ?? []);
}

/** What is patched must stand in the order that is asked for. */
function checkOrder(identityOf: Identity, patch: readonly unknown[], order: readonly unknown[]): void {
  const wanted = placesIn(order, identityOf);
  const places = patch.filter((item) => !isDirective(item)).map((item) => wanted.get(identityOf(item)) ?? -1);
  if (places.every((place, index) => place >= 0 && place >= (places[index - 1] ?? 0))) return;
  throw failed(`The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
}

/** The items of a list are told apart by their merge key, or as plain values. */
function identityBy(mergeKey: string | undefined): Identity {
  return (item) => (mergeKey !== undefined && isFields(item) ? `${mergeKey}: ${textOf(item[mergeKey])}` : textOf(item));
}

/** The same for values that are the same. */
const textOf = (value: unknown) =>
  `${JSON.stringify(value, (_, part: unknown) => (isFields(part) ? sorted(part) : part))}`;

const sorted = (fields: Fields) => Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));

function mergeLists(rule: FieldRule, current: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const { mergeKey } = rule;
  const all = [...current, ...patch];
  if (all.some(Array.isArray)) throw failed('lists of lists are not supported');
  const objects = all.filter(isFields).length;
  if (objects > 0 && objects < all.length) throw failed('list element types are not identical');
  if (objects > 0 && mergeKey === undefined) throw failed('cannot merge lists without merge key');
  const merged =
    mergeKey === undefined ? [...new Set(all)] : mergeItems(rule, mergeKey, current as Fields[], patch as Fields[]);
  return inOrder(identityBy(mergeKey), merged, patch, current);
}

function mergeItems(rule: FieldRule, key: string, current: readonly Fields[], patch: readonly Fields[]): Fields[] {
  const itemType: Type = rule.type.is === 'list' ? rule.type.of : { is: 'any' };
  const changes = patch.filter((item) => !isDirective(item));
  if (patch.some(({ $patch }) => $patch === 'replace')) return changes;
  const gone = patch.filter(isDirective).map((item) => {
    if (item.$patch === 'merge') throw failed('merging lists cannot yet be specified in the patch');
    if (item.$patch !== 'delete') throw unknownPatchType(item.$patch, item);
    return textOf(keyOf(item, key));
  });
  const isGone = new Set(gone);
  const result = current.filter((item) => !isGone.has(textOf(item[key])));
  const places = placesIn(result, (item) => textOf((item as Fields)[key]));
  for (const item of changes) {
    const text = textOf(keyOf(item, key));
    const at = places.get(text) ?? result.length;
    const { [at]: known } = result;
    result[at] = known ? mergeFields(itemType, known, item) : (withoutDirectives(item) as Fields);
    places.set(text, at);
  }
  return result;
}

function keyOf(item: Fields, key: string): unknown {
  if (item[key] !== undefined) return item[key];
  throw failed(`map: ${goText(item)} does not contain declared merge key: ${key}`);
}

function deleteItems(result: Fields, field: string, gone: unknown): void {
  if (!Array.isArray(gone)) throw new Misfit(`cannot restore slice from ${typeof gone}`);
  const { [field]: list } = result;
  const isGone = new Set(gone.map(textOf));
  if (Array.isArray(list)) result[field] = list.filter((item) => !isGone.has(textOf(item)));
}

/** What is new is taken as it is, and there is nothing in it that a directive could be about. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isDirective(item)).map(withoutDirectives);
  if (!isFields(value)) return value;
  const { $patch, $retainKeys, ...fields } = value;
  const kept = Object.entries(fields).filter(
    ([key, part]) => part !== null && !key.startsWith(orderOf) && !key.startsWith(deleteFrom),
  );
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutDirectives(part)]));
}

function isDirective(item: unknown): item is Fields {
  return isFields(item) && '$patch' in item;
}

/** What Kubernetes answers as an error of its own, though it is the patch's. */
const failed = (message: string) => new StatusError(500, '', message);

const unknownPatchType = (type: unknown, holder: Fields) =>
  failed(`unknown patch type: ${goText(type)} in map: ${goText(holder)}`);
