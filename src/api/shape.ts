// The shapes that everything else relies on: which fields of an object are lists, maps of text, or objects. Until the
// generated schema knows every field, this keeps out what would break those who read.

export interface Shape {
  /** Paths of fields that are lists of objects. */
  lists?: readonly string[];
  /** Paths of fields that map names to text. */
  maps?: readonly string[];
  /** Paths of fields that are objects. */
  objects?: readonly string[];
}

const metadataShape: Shape = {
  lists: ['metadata.ownerReferences'],
  maps: ['metadata.labels', 'metadata.annotations'],
  objects: ['metadata', 'spec', 'status'],
};
const metadataTexts = [
  'metadata.name',
  'metadata.namespace',
  'metadata.generateName',
  'metadata.uid',
  'metadata.resourceVersion',
];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown) => Array.isArray(value) && value.every(isObject);
const isMap = (value: unknown) => isObject(value) && Object.values(value).every((text) => typeof text === 'string');
const isTexts = (value: unknown) => Array.isArray(value) && value.every((text) => typeof text === 'string');

/** What is wrong first, or nothing. Fields that are not there are no fault here. */
export function faultInShape(object: unknown, shape: Shape = {}): string | undefined {
  if (!isObject(object)) return 'it is not an object';
  const check = (paths: readonly string[], holds: (value: unknown) => boolean, what: string) => {
    const path = paths.find((each) => {
      const value = valueAt(object, each);
      return value !== undefined && !holds(value);
    });
    return path === undefined ? undefined : `${path} must be ${what}`;
  };
  const both = (part: keyof Shape) => [...(metadataShape[part] ?? []), ...(shape[part] ?? [])];
  return (
    check(both('objects'), isObject, 'an object') ??
    check(metadataTexts, (value) => typeof value === 'string', 'a string') ??
    check(['metadata.finalizers'], isTexts, 'a list of strings') ??
    check(both('maps'), isMap, 'a map of strings') ??
    check(both('lists'), isList, 'a list of objects')
  );
}

function valueAt(object: Record<string, unknown>, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}
