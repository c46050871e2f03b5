// Schemas as OpenAPI writes them: what a type is, and how another definition is referred to in each version.
import type { ScalarName } from '../../api/openapi/type.ts';

export type Version = 'v2' | 'v3';

export type JsonObject = Record<string, unknown>;

const roots: Record<Version, string> = { v2: '#/definitions/', v3: '#/components/schemas/' };

export function refTo(definition: string, version: Version): JsonObject {
  return { $ref: roots[version] + definition };
}

/** A reference with more to say. Version 3 ignores what stands beside a reference, so it is one of a list of one. */
export function annotated(schema: JsonObject, notes: JsonObject, version: Version): JsonObject {
  const isReference = schema.$ref !== undefined;
  if (version === 'v3' && isReference && Object.keys(notes).length > 0) return { allOf: [schema], ...notes };
  return { ...schema, ...notes };
}

/** Scalars that are written in place. */
export const scalarSchemas: Partial<Record<ScalarName, JsonObject>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
};
