// What is wrong with a configuration before it can be applied: fields that the type lacks, values of another kind, items of
// a list that cannot be told apart. Told as Kubernetes tells it: as an error of the server.
import { isFields } from '../meta.ts';
import type { ObjectType, Type } from '../openapi/type.ts';
import { StatusError } from '../status.ts';
import { elementText, itemElement, valueElement } from './element.ts';
import { listOf } from './fields-of.ts';
import { isListMap, type Structure } from './structure.ts';

interface Fault {
  path: string;
  message: string;
}

/** Throws where the configuration is not one of the type. The subject names the object: "default/web; apps/v1, Kind=Deployment". */
export function checkConfig(type: ObjectType, structure: Structure, config: object, subject: string): void {
  const faults = faultsOf(type, structure, config, '');
  if (faults.length === 0) return;
  const texts = [...new Set(faults.map(({ path, message }) => (path ? `${path}: ${message}` : message)))];
  const list =
    texts.length === 1
      ? texts[0]
      : `errors:\n${texts
          .sort()
          .map((text) => `  ${text}`)
          .join('\n')}`;
  throw new StatusError(500, '', `failed to create typed patch object (${subject}): ${list}`);
}

function faultsOf(type: Type, structure: Structure, value: unknown, path: string): Fault[] {
  if (value === null || value === undefined) return [];
  switch (type.is) {
    case 'object':
      return isFields(value) ? fieldFaults(type, structure, value, path) : [expected('map', value, path)];
    case 'map':
      if (!isFields(value)) return [expected('map', value, path)];
      return Object.entries(value).flatMap(([name, part]) =>
        faultsOf(type.of, structure.is === 'map' ? structure.of : structure, part, `${path}.${name}`),
      );
    case 'list':
      return Array.isArray(value) ? itemFaults(type.of, structure, value, path) : [expected('list', value, path)];
    default:
      return scalarFaults(type.is, value, path);
  }
}

function fieldFaults(type: ObjectType, structure: Structure, value: Record<string, unknown>, path: string): Fault[] {
  return Object.entries(value).flatMap(([name, part]) => {
    const field = type.fields.get(name);
    const at = `${path}.${name}`;
    if (!field) return [{ path: at, message: 'field not declared in schema' }];
    const inner = structure.is === 'struct' ? structure.fieldNamed(name) : structure;
    return faultsOf(field.type, inner, part, at);
  });
}

function itemFaults(of: Type, structure: Structure, items: readonly unknown[], path: string): Fault[] {
  if (!isListMap(structure) && structure.is !== 'set') {
    return items.flatMap((item, index) => faultsOf(of, structure, item, `${path}[${index}]`));
  }
  const seen = new Set<string>();
  return listOf(items).flatMap((item, index) => {
    if (isListMap(structure) ? !isFields(item) : typeof item === 'object') {
      return [{ path, message: `element ${index}: ${unfit(structure, item)}` }];
    }
    const element = isListMap(structure) ? itemElement(structure, item) : valueElement(item);
    const text = elementText(element);
    const inner = isListMap(structure) ? structure.of : structure;
    const faults = faultsOf(of, inner, item, `${path}${text}`);
    if (seen.has(element)) faults.push({ path, message: `duplicate entries for key ${text}` });
    seen.add(element);
    return faults;
  });
}

function unfit(structure: Structure, item: unknown): string {
  if (!isListMap(structure)) return 'associative list without keys has an element that is no plain value';
  const what = item === null ? 'a null element' : 'non-map elements';
  return `associative list with keys may not have ${what}`;
}

function scalarFaults(is: Exclude<Type['is'], 'object' | 'map' | 'list'>, value: unknown, path: string): Fault[] {
  switch (is) {
    case 'string':
    case 'bytes':
      return typeof value === 'string'
        ? []
        : [{ path, message: `expected string, got &value.valueUnstructured{Value:${String(value)}}` }];
    case 'int32':
    case 'int64':
    case 'double':
      return typeof value === 'number'
        ? []
        : [{ path, message: `expected numeric (int or float), got ${goTypeOf(value)}` }];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [expected('boolean', value, path)];
    default:
      return [];
  }
}

const expected = (what: string, value: unknown, path: string): Fault => ({
  path,
  message: `expected ${what}, got ${goValueOf(value)}`,
});

function goTypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function goValueOf(value: unknown): string {
  return typeof value === 'object' ? goTypeOf(value) : `&{${String(value)}}`;
}
