// The definitions of what is no object with fields: times, quantities, raw JSON. They are few, each has its own form in the
// two versions of OpenAPI, and fields refer to them by name as to any other definition.
import type { ScalarName } from '../../api/openapi/type.ts';
import type { JsonObject, Version } from './schema-object.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

export const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension';
export const patchDefinition = `${meta}.Patch`;

/** The scalars that have a definition; the others are written in place. */
export const definedScalars: Partial<Record<ScalarName, string>> = {
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
};

/** Which definition a field of any JSON refers to, where it is not a raw extension. */
const anyFields: Record<string, string> = {
  [`${meta}.ManagedFieldsEntry.fieldsV1`]: `${meta}.FieldsV1`,
  [`${extensions}.CustomResourceSubresources.status`]: `${extensions}.CustomResourceSubresourceStatus`,
  [`${extensions}.JSONSchemaProps.additionalItems`]: `${extensions}.JSONSchemaPropsOrBool`,
  [`${extensions}.JSONSchemaProps.additionalProperties`]: `${extensions}.JSONSchemaPropsOrBool`,
  [`${extensions}.JSONSchemaProps.default`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.dependencies`]: `${extensions}.JSONSchemaPropsOrStringArray`,
  [`${extensions}.JSONSchemaProps.enum`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.example`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.items`]: `${extensions}.JSONSchemaPropsOrArray`,
};

export function definitionOfAny(typeName: string, field: string): string {
  return anyFields[`${typeName}.${field}`] ?? rawExtension;
}

interface ScalarDefinition {
  description: string;
  type?: string;
  format?: string;
  /** What version 3 says in place of a type, as it can tell alternatives. */
  oneOf?: string[];
}

const definitions: Record<string, ScalarDefinition> = {
  [`${meta}.Time`]: {
    description: 'A moment to the second, as RFC 3339 writes it: 2006-01-02T15:04:05Z.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.MicroTime`]: {
    description: 'A moment to the microsecond, as RFC 3339 writes it: 2006-01-02T15:04:05.000000Z.',
    type: 'string',
    format: 'date-time',
  },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    description:
      'An exact number with an optional suffix: powers of 1000 (n, u, m, k, M, G, T, P, E), powers of 1024 (Ki, Mi, Gi, Ti, Pi, Ei), or a decimal exponent (e3). It is kept with the suffix with which no digit is lost and the number is shortest: 1500m for 1.5 of a processor, 1Gi of memory. What is finer than a billionth is rounded up.',
    type: 'string',
    oneOf: ['string', 'number'],
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    description: 'A whole number, or a text such as a percentage ("25%") or a name ("http").',
    type: 'string',
    format: 'int-or-string',
    oneOf: ['integer', 'string'],
  },
  [`${meta}.FieldsV1`]: {
    description:
      'A set of fields as a tree. A key is "." for the field itself, "f:NAME" for a field of an object, "k:KEYS" for the item of a list with these keys, "v:VALUE" for the item with this value, or "i:INDEX" for the item at this place.',
    type: 'object',
  },
  [patchDefinition]: {
    description: "A change of an object, in the form that the request's content type names.",
    type: 'object',
  },
  [rawExtension]: {
    description: 'An object of any kind, kept as it was sent.',
    type: 'object',
  },
  [`${extensions}.CustomResourceSubresourceStatus`]: {
    description: 'Being there, it makes the status a subresource of its own. It has no fields.',
    type: 'object',
  },
  [`${extensions}.JSON`]: { description: 'Any JSON value: a boolean, number, text, list, object or null.' },
  [`${extensions}.JSONSchemaPropsOrArray`]: { description: 'One schema, or a list of schemas.' },
  [`${extensions}.JSONSchemaPropsOrBool`]: { description: 'A schema, or true or false for anything or nothing.' },
  [`${extensions}.JSONSchemaPropsOrStringArray`]: { description: 'A schema, or a list of names of properties.' },
};

export function scalarDefinition(name: string, version: Version): JsonObject | undefined {
  const known = definitions[name];
  if (!known) return undefined;
  const { oneOf, type, ...common } = known;
  if (version === 'v3' && oneOf) return { ...common, oneOf: oneOf.map((each) => ({ type: each })) };
  return { ...common, ...(type && { type }) };
}
