// A body as an object of its type: fields that the type doesn't have are left out and told, what is null or says nothing is
// left out, quantities and times are written one way, and what is of another JSON type is refused.
import { isFields } from '../meta.ts';
import { canonicalQuantity, quantityRule } from '../quantity.ts';
import { type Field, type ObjectType, shortName, type Type } from './type.ts';

/** The body holds what its type cannot: the text says where, as Kubernetes would. */
export class Undecodable extends Error {}

export interface Decoded {
  value: Record<string, unknown>;
  /** Where the body had fields that the type doesn't have: "spec.containers[0].foo". */
  unknownFields: string[];
}

export function decode(type: ObjectType, body: Record<string, unknown>): Decoded {
  const unknownFields: string[] = [];
  const value = decodeObject(type, body, { parent: undefined, step: '', holder: type, unknownFields });
  return { value, unknownFields };
}

/** Where a value stands: a step from where its holder stands. Most are never asked for their path. */
interface Place {
  parent: Place | undefined;
  /** ".name" or "[0]" */
  step: string;
  /** The type that has the field. */
  holder: ObjectType;
  unknownFields: string[];
}

/** "spec.containers[0].name", from the object's root. */
function pathOf(place: Place): string {
  let path = '';
  for (let at: Place | undefined = place; at; at = at.parent) path = at.step + path;
  return path.startsWith('.') ? path.slice(1) : path;
}

function decodeObject(type: ObjectType, body: Record<string, unknown>, place: Place): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name in body) {
    const field = type.fields.get(name);
    const inner: Place = { parent: place, step: `.${name}`, holder: type, unknownFields: place.unknownFields };
    if (!field) {
      place.unknownFields.push(pathOf(inner));
      continue;
    }
    const sent = body[name];
    if (sent === null || sent === undefined) continue;
    const value = decodeValue(field.type, sent, inner);
    if (field.required || !saysNothing(field, value)) result[name] = value;
  }
  return result;
}

const stepFrom = (parent: Place, step: string): Place => ({
  parent,
  step,
  holder: parent.holder,
  unknownFields: parent.unknownFields,
});

/** An empty list or map is as good as none, and so is the zero of most scalars. */
function saysNothing({ type, isZeroNothing }: Field, value: unknown): boolean {
  if (type.is === 'list') return (value as unknown[]).length === 0;
  if (type.is === 'map') return Object.keys(value as object).length === 0;
  return value === undefined || (isZeroNothing && (value === '' || value === 0 || value === false));
}

function decodeValue(type: Type, value: unknown, place: Place): unknown {
  switch (type.is) {
    case 'any':
      return value;
    case 'object':
      if (value === null) return {};
      if (!isFields(value)) throw mismatch(value, `${packageOf(type)}.${shortName(type)}`, place);
      return decodeObject(type, value, place);
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, goType(type), place);
      return value.map((item, index) => decodeValue(type.of, item, stepFrom(place, `[${index}]`)));
    case 'map':
      return decodeMap(type.of, value, place);
    default:
      return scalars[type.is](value, place);
  }
}

function decodeMap(of: Type, value: unknown, place: Place): Record<string, unknown> {
  if (!isFields(value)) throw mismatch(value, `map[string]${goType(of)}`, place);
  const result: Record<string, unknown> = {};
  for (const key in value) {
    result[key] = decodeValue(of, value[key], stepFrom(place, `.${key}`));
  }
  return result;
}

type Reader = (value: unknown, place: Place) => unknown;

/** In a list or a map a null stands for the type's zero. */
const scalars: Record<Exclude<Type['is'], 'object' | 'list' | 'map' | 'any'>, Reader> = {
  string: text,
  boolean: (value, place) => {
    if (typeof value === 'boolean') return value;
    if (value === null) return false;
    throw mismatch(value, 'bool', place);
  },
  int32: (value, place) => integer(value, 'int32', 2 ** 31, place),
  int64: (value, place) => integer(value, 'int64', 2 ** 63, place),
  double: (value, place) => {
    if (typeof value === 'number') return value;
    if (value === null) return 0;
    throw mismatch(value, 'float64', place);
  },
  intOrString: (value, place) =>
    typeof value === 'number' ? integer(value, 'int32', 2 ** 31, place) : text(value, place),
  quantity: (value) => {
    const written = typeof value === 'number' ? String(value) : value;
    const canonical = typeof written === 'string' ? canonicalQuantity(written) : value === null ? '0' : undefined;
    if (canonical !== undefined) return canonical;
    throw new Undecodable(quantityRule);
  },
  bytes: (value, place) => {
    // Lines may be broken, as many programs do.
    const encoded = text(value, place).replace(/[\r\n]/g, '');
    if (isBase64.test(encoded) && encoded.length % 4 === 0) return encoded;
    throw new Undecodable(`illegal base64 data at input byte ${encoded.search(/[^A-Za-z0-9+/]|$/)}`);
  },
  time: (value, place) => moment(value, 'Time', place),
  microTime: (value, place) => moment(value, 'MicroTime', place),
};

const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/;

function text(value: unknown, place: Place): string {
  // Half of a pair of surrogates stands for no character, and no byte could be written for it.
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
  if (value === null) return '';
  throw mismatch(value, 'string', place);
}

function integer(value: unknown, goName: string, limit: number, place: Place): number {
  if (value === null) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit) return value;
  throw typeof value === 'number'
    ? new Undecodable(`json: cannot unmarshal number ${value} into ${goField(place)} of type ${goName}`)
    : mismatch(value, goName, place);
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** The thirty-first of February would be read as a day of March. */
const isDay = (date: string) => new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);

/** In UTC, to the second or, of a micro time, to the millionth of it. */
function moment(value: unknown, goName: 'Time' | 'MicroTime', place: Place): string | undefined {
  const written = text(value, place);
  if (written === '') return undefined;
  const fraction = rfc3339.exec(written);
  const millis = Date.parse(written);
  if (!fraction || Number.isNaN(millis) || !isDay(written.slice(0, 10))) {
    const layout = goName === 'Time' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00';
    throw new Undecodable(`parsing time ${JSON.stringify(written)} as "${layout}": cannot parse it`);
  }
  const seconds = new Date(millis).toISOString().slice(0, 19);
  return goName === 'Time' ? `${seconds}Z` : `${seconds}.${(fraction[1] ?? '.').slice(1, 7).padEnd(6, '0')}Z`;
}

function mismatch(value: unknown, wanted: string, place: Place): Undecodable {
  const sent = Array.isArray(value)
    ? 'array'
    : value === null
      ? 'null'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
  return new Undecodable(`json: cannot unmarshal ${sent} into ${goField(place)} of type ${wanted}`);
}

/** As Go names the field: by its struct and the path of names, without the places in lists. */
function goField(place: Place): string {
  return `Go struct field ${shortName(place.holder)}.${pathOf(place).replace(/\[\d+\]/g, '')}`;
}

function goType(type: Type): string {
  switch (type.is) {
    case 'list':
      return `[]${goType(type.of)}`;
    case 'map':
      return `map[string]${goType(type.of)}`;
    case 'object':
      return `${packageOf(type)}.${shortName(type)}`;
    case 'boolean':
      return 'bool';
    default:
      return type.is;
  }
}

/** "v1" of "io.k8s.api.core.v1.PodSpec". */
const packageOf = ({ name }: ObjectType) => name.split('.').at(-2) ?? '';
