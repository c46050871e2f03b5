// OpenAPI as gnostic's protobuf messages, which kubectl reads in place of JSON. A message is a table from the names in JSON to
// numbers and to how the value is written; what gnostic wraps (names with values, either of two, a list of one) is a codec.
import type { WireWriter } from '../../api/protobuf/wire-writer.ts';
import type { JsonObject } from './schema-object.ts';

/** Writes a value as the field with this number. */
export type Codec = (writer: WireWriter, field: number, value: unknown) => void;

export interface Message {
  fields: Record<string, readonly [number, Codec]>;
  /** The field that takes what begins with "x-". */
  extensions?: number;
}

function nested(writer: WireWriter, field: number, write: () => void): void {
  const before = writer.length;
  write();
  writer.message(field, before);
}

export const text: Codec = (writer, field, value) => writer.text(field, String(value));
export const integer: Codec = (writer, field, value) => writer.integer(field, Number(value));
export const flag: Codec = (writer, field, value) => integer(writer, field, value === true ? 1 : 0);
export const double: Codec = (writer, field, value) => writer.double(field, Number(value));

/** Anything, as YAML, which JSON is. */
export const any: Codec = (writer, field, value) => {
  nested(writer, field, () => writer.text(2, `${JSON.stringify(value)}\n`));
};

export const list =
  (item: Codec): Codec =>
  (writer, field, value) => {
    for (const each of (value as unknown[]).toReversed()) item(writer, field, each);
  };

/** A message of one field. */
export const within =
  (inner: number, codec: Codec): Codec =>
  (writer, field, value) =>
    nested(writer, field, () => codec(writer, inner, value));

/** A message that is one of several, by what the value looks like; none for a value that has no place in it. */
export const either =
  (choose: (value: unknown) => readonly [number, Codec] | undefined): Codec =>
  (writer, field, value) =>
    nested(writer, field, () => {
      const chosen = choose(value);
      if (chosen) chosen[1](writer, chosen[0], value);
    });

/** Names with a value each. */
export const entries =
  (codec: Codec): Codec =>
  (writer, field, value) => {
    for (const [name, each] of Object.entries(value as JsonObject).toReversed()) {
      writeEntry(writer, field, codec, name, each);
    }
  };

/** One name with its value. */
export function writeEntry(writer: WireWriter, field: number, codec: Codec, name: string, value: unknown): void {
  nested(writer, field, () => {
    codec(writer, 2, value);
    writer.text(1, name);
  });
}

/** Messages refer to each other in circles, so a table is looked up when it is needed. */
export const message =
  (tableOf: () => Message): Codec =>
  (writer, field, value) =>
    nested(writer, field, () => writeFields(writer, tableOf(), value as JsonObject));

/** The fields of a message, without one that they would be the content of. */
export function writeFields(writer: WireWriter, { fields, extensions }: Message, value: JsonObject): void {
  for (const [name, each] of Object.entries(value).toReversed()) {
    const known = fields[name];
    if (known) known[1](writer, known[0], each);
    else if (extensions !== undefined && name.startsWith('x-')) writeEntry(writer, extensions, any, name, each);
    else throw new Error(`gnostic has no field for ${name}`);
  }
}
