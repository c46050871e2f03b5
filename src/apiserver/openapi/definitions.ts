// The definitions of a document: types as OpenAPI describes them, each made when it is first asked for.
import { isAtomicType, type ListRule, listRuleOf } from '../../api/openapi/list-rules.ts';
import { metaPackage, typeNamed } from '../../api/openapi/schema.ts';
import type { Field, ObjectType, Type } from '../../api/openapi/type.ts';
import { defaultOfField, defaultOfItem } from './field-defaults.ts';
import { definedScalars, definitionOfAny, scalarDefinition } from './scalar-definitions.ts';
import { annotated, type JsonObject, refTo, scalarSchemas, type Version } from './schema-object.ts';

/** Of each type its own words under "", and those of its fields. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export interface Definition {
  schema: JsonObject;
  /** The definitions that it refers to. */
  uses: readonly string[];
}

/** A field, while its schema is put together. */
interface Place {
  typeName: string;
  field: string;
  uses: Set<string>;
}

export class Definitions {
  readonly #version: Version;
  readonly #descriptions: Descriptions;
  readonly #kindsOf: ReadonlyMap<string, readonly GroupVersionKind[]>;
  readonly #made = new Map<string, Definition>();

  /** Which kinds an object of a type may be is told by the type's name. */
  constructor(version: Version, descriptions: Descriptions, kindsOf: ReadonlyMap<string, readonly GroupVersionKind[]>) {
    this.#version = version;
    this.#descriptions = descriptions;
    this.#kindsOf = kindsOf;
  }

  named(name: string): Definition {
    let definition = this.#made.get(name);
    if (!definition) {
      definition = this.#make(name);
      this.#made.set(name, definition);
    }
    return definition;
  }

  #make(name: string): Definition {
    const kinds = this.#kindsOf.get(name);
    const named = kinds && { 'x-kubernetes-group-version-kind': kinds };
    const scalar = scalarDefinition(name, this.#version);
    if (scalar) return { schema: scalar, uses: [] };
    const type = typeNamed(name);
    // A kind that nobody has described: any fields may be there.
    if (!type) return { schema: { type: 'object', ...named }, uses: [] };
    const uses = new Set<string>();
    const required = [...type.fields].filter(([, field]) => field.required).map(([field]) => field);
    const description = this.#descriptions[name]?.[''];
    const schema = {
      ...(description && { description }),
      type: 'object',
      ...(required.length > 0 && { required }),
      ...(type.fields.size > 0 && { properties: this.#propertiesOf(type, uses) }),
      ...(isAtomicType(name) && { 'x-kubernetes-map-type': 'atomic' }),
      ...named,
    };
    return { schema, uses: [...uses] };
  }

  #propertiesOf(type: ObjectType, uses: Set<string>): JsonObject {
    return Object.fromEntries(
      [...type.fields].map(([name, field]) => [
        name,
        this.#property(field, { typeName: type.name, field: name, uses }),
      ]),
    );
  }

  #property(field: Field, place: Place): JsonObject {
    const { typeName, field: name } = place;
    const { type } = field;
    const description = this.#descriptions[typeName]?.[name];
    const schema = this.#schemaOf(type, place);
    const values = enumIn(description);
    const enumerated =
      values && (type.is === 'list' ? { items: { ...itemsOf(schema), enum: values } } : { enum: values });
    const isItems = name === 'items' && typeName.endsWith('List');
    const notes = {
      ...this.#defaultNote(defaultOfField(typeName, name, field)),
      ...(description && { description }),
      ...enumerated,
      ...(!isItems && mergeNotes(type, listRuleOf(typeName, name))),
    };
    return annotated(schema, notes, this.#version);
  }

  #schemaOf(type: Type, place: Place): JsonObject {
    switch (type.is) {
      case 'list':
        return { type: 'array', items: this.#itemOf(type.of, place) };
      case 'map':
        return { type: 'object', additionalProperties: this.#itemOf(type.of, place) };
      case 'object':
        return this.#ref(type.name, place);
      case 'any':
        return this.#ref(definitionOfAny(place.typeName, place.field), place);
      default: {
        const defined = definedScalars[type.is];
        return defined ? this.#ref(defined, place) : { ...scalarSchemas[type.is] };
      }
    }
  }

  #itemOf(type: Type, place: Place): JsonObject {
    return annotated(this.#schemaOf(type, place), this.#defaultNote(defaultOfItem(type)), this.#version);
  }

  #ref(definition: string, { uses }: Place): JsonObject {
    uses.add(definition);
    return refTo(definition, this.#version);
  }

  /** Readers of version 2 are known to take defaults for changes. */
  #defaultNote(value: unknown): JsonObject {
    return value === undefined || this.#version === 'v2' ? {} : { default: value };
  }
}

const itemsOf = (schema: JsonObject) => schema.items as JsonObject;

/** The values that a description lists as the only ones. */
export function enumIn(description = ''): string[] | undefined {
  const [, list] = description.split('\nPossible enum values:\n');
  if (list === undefined) return undefined;
  return [...list.matchAll(/^ - `"(.*?)"`/gm)].map(([, value = '']) => value);
}

/** How two versions of the field become one: for strategic patches, and for owners of its parts. */
function mergeNotes(type: Type, { strategy, mergeKey, owned, keys }: ListRule = {}): JsonObject {
  const listType = type.is === 'list' ? (owned ?? 'atomic') : undefined;
  const mapType = type.is === 'list' ? undefined : owned;
  return {
    ...(keys && { 'x-kubernetes-list-map-keys': keys }),
    ...(listType && { 'x-kubernetes-list-type': listType }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
    ...(mergeKey && { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(strategy && { 'x-kubernetes-patch-strategy': strategy }),
  };
}

export const deleteOptions = `${metaPackage}.DeleteOptions`;
export const statusDefinition = `${metaPackage}.Status`;
export const watchEvent = `${metaPackage}.WatchEvent`;
