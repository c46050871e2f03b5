// The fields that are in an object: as the intent of who applies it, and as what appears when all of it is new.
import { isFields } from '../meta.ts';
import { fieldElement, itemElement, itemsByElement, valueElement } from './element.ts';
import { type FieldSet, type FieldSetDraft, noFields, self, withSelf } from './field-set.ts';
import { free, type Structure } from './structure.ts';

/** What a configuration says: its leaves, the entries of its maps and lists, and objects that it leaves empty. */
export function fieldsOf(structure: Structure, value: unknown): FieldSet {
  const set: FieldSetDraft = {};
  switch (structure.is) {
    case 'struct':
      if (!isFields(value)) break;
      for (const [name, part] of Object.entries(value)) {
        const inner = structure.fieldNamed(name);
        if (inner.is === 'ignored') continue;
        const node = inner.is === 'leaf' || isNothing(part) || isLeafOf(inner, part) ? self : fieldsOf(inner, part);
        if (node === self || Object.keys(node).length > 0) set[fieldElement(name)] = node;
      }
      break;
    case 'map':
    case 'free':
      if (!isFields(value)) break;
      for (const [name, part] of Object.entries(value)) {
        set[fieldElement(name)] = withSelf(fieldsOf(structure.is === 'map' ? structure.of : free, part));
      }
      break;
    case 'listMap':
      for (const item of listOf(value)) set[itemElement(structure, item)] = withSelf(fieldsOf(structure.of, item));
      break;
    case 'set':
      for (const item of listOf(value)) set[valueElement(item)] = self;
  }
  return set;
}

const isNothing = (value: unknown) => value === null || (isFields(value) && Object.keys(value).length === 0);

/** In what has no type, all but objects are owned whole. */
const isLeafOf = (structure: Structure, value: unknown) => structure.is === 'free' && !isFields(value);

/** All of a value, with every object and list in it: what is added when it was not there before, or gone with it. */
export function wholeOf(structure: Structure, value: unknown): FieldSet {
  const set: FieldSetDraft = {};
  switch (structure.is) {
    case 'struct':
    case 'map':
    case 'free':
      if (!isFields(value)) return self;
      for (const name in value) addField(set, structure, name, value);
      break;
    case 'listMap':
      for (const item of listOf(value)) set[itemElement(structure, item)] = wholeOf(structure.of, item);
      break;
    case 'set':
      for (const item of listOf(value)) set[valueElement(item)] = self;
      break;
    default:
      return self;
  }
  return withSelf(set);
}

function addField(set: FieldSetDraft, structure: Structure, name: string, value: Record<string, unknown>): void {
  const part = value[name];
  const inner = partOf(structure, name);
  if (part !== undefined && inner.is !== 'ignored') set[fieldElement(name)] = wholeOf(inner, part);
}

/** The structure of a named part of what has parts with names. */
export function partOf(structure: Structure, name: string): Structure {
  switch (structure.is) {
    case 'struct':
      return structure.fieldNamed(name);
    case 'map':
      return structure.of;
    default:
      return structure;
  }
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Items of a list by the elements that tell them apart, where the structure has such. */
export function itemsOf(
  structure: Extract<Structure, { is: 'listMap' | 'set' }>,
  value: unknown,
): Map<string, unknown[]> {
  const elementOf = structure.is === 'set' ? valueElement : (item: unknown) => itemElement(structure, item);
  return itemsByElement(elementOf, listOf(value));
}

/** The set with every object of the schema's naming in it that something in the set belongs to. */
export function withNamedFields(structure: Structure, set: FieldSet): FieldSet {
  const result: FieldSetDraft = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') result[element] = node;
    else {
      const inner = element.startsWith('f:') ? partOf(structure, element.slice(2)) : itemOf(structure);
      const below = withNamedFields(inner, node);
      result[element] = structure.is === 'struct' && element.startsWith('f:') ? withSelf(below) : below;
    }
  }
  return Object.keys(result).length === 0 ? noFields : result;
}

export function itemOf(structure: Structure): Structure {
  return structure.is === 'listMap' ? structure.of : free;
}
