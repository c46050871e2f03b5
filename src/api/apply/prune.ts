// What goes out of an object when its applier no longer says it: what it owned before, and nobody owns now.
import { isFields } from '../meta.ts';
import { fieldElement, itemElement, valueElement } from './element.ts';
import { difference, type FieldSet, intersection, isEmpty, isMember, self, union } from './field-set.ts';
import { fieldsOf, itemOf, listOf, partOf, withNamedFields } from './fields-of.ts';
import type { Structure } from './structure.ts';

/** Has in it, besides what is owned, the name and all else that nobody owns. */
const stays: FieldSet = { [fieldElement('metadata')]: self };

/**
 * The merged object without what the applier owned last time and neither it nor anybody else owns now. With an item or an
 * object goes what is in it, but for what somebody owns; what nobody owned stays where its surroundings stay.
 */
export function prune(structure: Structure, merged: unknown, last: FieldSet, owned: FieldSet): unknown {
  if (isEmpty(difference(last, owned))) return merged;
  const named = (set: FieldSet) => withNamedFields(structure, set);
  const all = named(fieldsOf(structure, merged));
  const fieldsLeft = (object: unknown) => named(fieldsOf(structure, object));
  const before = difference(named(last), stays);
  const bare = withoutMembers(structure, merged, before);
  const kept = withoutMembers(structure, merged, difference(all, union(fieldsLeft(bare), named(owned))));
  return withoutMembers(structure, merged, intersection(difference(all, fieldsLeft(kept)), before));
}

/** The value without the members of the set. */
function withoutMembers(structure: Structure, value: unknown, set: FieldSet): unknown {
  switch (structure.is) {
    case 'struct':
    case 'map':
    case 'free':
      return isFields(value) ? withoutParts(structure, value, set) : value;
    case 'listMap':
    case 'set':
      return Array.isArray(value) ? withoutItems(structure, value, set) : value;
    default:
      return value;
  }
}

function withoutParts(structure: Structure, value: Record<string, unknown>, set: FieldSet): unknown {
  const result: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    const left = leftOf(partOf(structure, name), part, set[fieldElement(name)]);
    if (left !== undefined) result[name] = left;
  }
  return result;
}

function withoutItems(structure: Structure, items: readonly unknown[], set: FieldSet): unknown {
  const elementOf = (item: unknown) => (structure.is === 'listMap' ? itemElement(structure, item) : valueElement(item));
  return listOf(items)
    .map((item) => leftOf(itemOf(structure), item, set[elementOf(item)]))
    .filter((item) => item !== undefined);
}

function leftOf(structure: Structure, part: unknown, node: FieldSet | undefined): unknown {
  if (node === undefined) return part;
  if (isMember(node)) return undefined;
  return withoutMembers(structure, part, node);
}
