// OpenAPI as gnostic's protobuf messages, which kubectl reads in place of JSON. A message is a table from the names in JSON to
// numbers and to how the value is written; what gnostic wraps (names with values, either of two, a list of one) is a codec.
import { ReverseWriter } from './reverse-writer.ts';
import type { JsonObject } from './schema-object.ts';

/** Writes a value as the field with this number. */
export type Codec = (writer: ReverseWriter, field: number, value: unknown) => void;

export interface Message {
  fields: Record<string, readonly [number, Codec]>;
  /** The field that takes what begins with "x-". */
  extensions?: number;
}

export const text: Codec = (writer, field, value) => writer.text(field, String(value));
export const flag: Codec = (writer, field, value) => writer.flag(field, value === true);
export const double: Codec = (writer, field, value) => writer.double(field, Number(value));

/** Anything, as YAML, which JSON is. */
export const any: Codec = (writer, field, value) => {
  writer.delimited(field, () => writer.text(2, `${JSON.stringify(value)}\n`));
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
    writer.delimited(field, () => codec(writer, inner, value));

/** A message that is one of several, by what the value looks like; none for a value that has no place in it. */
export const either =
  (choose: (value: unknown) => readonly [number, Codec] | undefined): Codec =>
  (writer, field, value) =>
    writer.delimited(field, () => {
      const chosen = choose(value);
      if (chosen) chosen[1](writer, chosen[0], value);
    });

/** Names with a value each. */
export const entries =
  (codec: Codec): Codec =>
  (writer, field, value) => {
    for (const [name, each] of Object.entries(value as JsonObject).toReversed()) {
      writer.delimited(field, () => {
        codec(writer, 2, each);
        writer.text(1, name);
      });
    }
  };

/** Messages refer to each other in circles, so a table is looked up when it is needed. */
export const message =
  (tableOf: () => Message): Codec =>
  (writer, field, value) =>
    writer.delimited(field, () => writeFields(writer, tableOf(), value as JsonObject));

const extension = entries(any);

function writeFields(writer: ReverseWriter, { fields, extensions }: Message, value: JsonObject): void {
  for (const [name, each] of Object.entries(value).toReversed()) {
    const known = fields[name];
    if (known) known[1](writer, known[0], each);
    else if (extensions !== undefined && name.startsWith('x-')) extension(writer, extensions, { [name]: each });
    else throw new Error(`gnostic has no field for ${name}`);
  }
}

/** The fields of a message, without one that they would be the content of. */
export function encoded(table: Message, value: JsonObject): Buffer {
  const writer = new ReverseWriter();
  writeFields(writer, table, value);
  return writer.finish();
}

/** One name with its value, as a message that holds many has it in a field. */
export const entryOf = (field: number, codec: Codec) => (name: string, value: JsonObject) => {
  const writer = new ReverseWriter();
  entries(codec)(writer, field, { [name]: value });
  return writer.finish();
};

/** A field that holds what has been encoded before. */
export function wrapped(field: number, parts: readonly Buffer[]): Buffer {
  const writer = new ReverseWriter();
  writer.delimited(field, () => {
    for (const part of parts.toReversed()) writer.raw(part);
  });
  return writer.finish();
}
