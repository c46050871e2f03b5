// What an object looks like to ownership: where fields are owned one by one and where as a whole. Made out of the schema
// and the list rules, once for each type and door.
import type { Door } from '../kinds/kind.ts';
import { isAtomicType, keyDefaultOf, type ListRule, listRuleOf } from '../openapi/list-rules.ts';
import { metaPackage, typeNamed } from '../openapi/schema.ts';
import type { ObjectType, Type } from '../openapi/type.ts';

export type Structure =
  /** One value, however large: scalars, and what is owned as a whole. */
  | { is: 'leaf' }
  /** Fields with names of the schema's choosing. */
  | { is: 'struct'; fieldNamed(name: string): Structure }
  /** Entries with names of the client's choosing. */
  | { is: 'map'; of: Structure }
  /** A list whose items are told apart by some of their fields. */
  | { is: 'listMap'; keys: readonly string[]; defaultKey(key: string): unknown; of: Structure }
  /** A list of plain values, each once. */
  | { is: 'set' }
  /** Of no known type: objects are maps, all else is a leaf. */
  | { is: 'free' }
  /** Owned by nobody: set by the server alone, or written through another door. */
  | { is: 'ignored' };

export type ListMap = Extract<Structure, { is: 'listMap' }>;

export const isListMap = (structure: Structure): structure is ListMap => structure.is === 'listMap';

const leaf: Structure = { is: 'leaf' };
const set: Structure = { is: 'set' };
const ignored: Structure = { is: 'ignored' };
export const free: Structure = { is: 'free' };

/** Of metadata, what is the server's to say. */
const ownedByNobody = new Set(
  'name namespace creationTimestamp selfLink uid clusterName generation managedFields resourceVersion'.split(' '),
);

const made = new WeakMap<object, Map<Door, Structure>>();
/** Stands for the type of what has none. */
const untyped = {};

/**
 * Of objects of a type as they are written through a door: through the main one or that of status, nobody owns what only
 * the other one writes.
 */
export function structureOf(type: ObjectType | undefined, door: Door): Structure {
  let ofType = made.get(type ?? untyped);
  if (!ofType) {
    ofType = new Map();
    made.set(type ?? untyped, ofType);
  }
  let structure = ofType.get(door);
  if (!structure) {
    structure = rootStructure(type, door);
    ofType.set(door, structure);
  }
  return structure;
}

function rootStructure(type: ObjectType | undefined, door: Door): Structure {
  const metadata = metadataStructure();
  const content = type ? structureOfType(type) : free;
  return {
    is: 'struct',
    fieldNamed(name) {
      if (name === 'apiVersion' || name === 'kind') return ignored;
      if (name === 'metadata') return metadata;
      if (door !== 'both' && (name === 'status') !== (door === 'status')) return ignored;
      return content.is === 'struct' ? content.fieldNamed(name) : content;
    },
  };
}

function metadataStructure(): Structure {
  const type = typeNamed(`${metaPackage}.ObjectMeta`);
  const all = type ? structureOfType(type) : free;
  return {
    is: 'struct',
    fieldNamed(name) {
      if (ownedByNobody.has(name)) return ignored;
      return all.is === 'struct' ? all.fieldNamed(name) : all;
    },
  };
}

/** Fields are looked up when they are met, as types refer to each other in circles. */
class Struct {
  readonly is = 'struct';
  readonly #type: ObjectType;
  readonly #fields = new Map<string, Structure>();

  constructor(type: ObjectType) {
    this.#type = type;
  }

  fieldNamed(name: string): Structure {
    let structure = this.#fields.get(name);
    if (!structure) {
      const field = this.#type.fields.get(name);
      structure = field ? structureOfField(field.type, field.rule ?? listRuleOf(this.#type.name, name)) : leaf;
      this.#fields.set(name, structure);
    }
    return structure;
  }
}

const structs = new Map<ObjectType, Structure>();

function structureOfType(type: ObjectType): Structure {
  let structure = structs.get(type);
  if (!structure) {
    structure = new Struct(type);
    structs.set(type, structure);
  }
  return structure;
}

function structureOfField(type: Type, { owned, keys = [] }: ListRule = {}): Structure {
  if (owned === 'atomic') return leaf;
  switch (type.is) {
    case 'object':
      return isAtomicType(type.name) && owned !== 'granular' ? leaf : structureOfType(type);
    case 'map':
      return { is: 'map', of: structureOfField(type.of) };
    case 'list':
      if (owned === 'set') return set;
      return owned === 'map' ? listMap(type.of, keys) : leaf;
    case 'any':
      return free;
    default:
      return leaf;
  }
}

function listMap(item: Type, keys: readonly string[]): Structure {
  const typeName = item.is === 'object' ? item.name : '';
  const isNumber = (key: string) =>
    item.is === 'object' && ['int32', 'int64'].includes(item.fields.get(key)?.type.is ?? '');
  return {
    is: 'listMap',
    keys: [...keys].sort(),
    defaultKey: (key) => keyDefaultOf(typeName, key) ?? (isNumber(key) ? 0 : ''),
    of: structureOfField(item),
  };
}
