// An object of a known type as the bytes of its message. What is null or not there is not written, and neither are fields
// that the type doesn't have.
import type { ObjectType } from '../openapi/type.ts';
import { type Choice, type Message, messageOf, type WireType } from './message.ts';
import { WireWriter } from './wire-writer.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for a type that doesn't travel as protobuf. */
export function encode(type: ObjectType, object: Fields): Buffer | undefined {
  const message = messageOf(type);
  if (!message) return undefined;
  const writer = new WireWriter();
  writeMessage(writer, message, object);
  return writer.bytes;
}

function writeMessage(writer: WireWriter, { fields }: Message, object: Fields): void {
  for (let index = fields.length - 1; index >= 0; index--) {
    const { number, name, type } = fields[index] as Message['fields'][number];
    if (type.is === 'inlined') {
      const before = writer.length;
      writeMessage(writer, type.message, object);
      if (writer.length > before) writer.message(number, before);
      continue;
    }
    const value = object[name];
    if (value !== undefined && value !== null) writeField(writer, number, type, value);
  }
}

function writeField(writer: WireWriter, number: number, type: WireType, value: unknown): void {
  switch (type.is) {
    case 'string':
      writer.text(number, String(value));
      break;
    case 'int32':
    case 'int64':
    case 'boolean':
      writer.integer(number, Number(value));
      break;
    case 'double':
      writer.double(number, Number(value));
      break;
    case 'bytes':
      writer.rawBytes(number, Buffer.from(String(value), 'base64'));
      break;
    case 'list':
      for (const item of (value as unknown[]).toReversed()) writeField(writer, number, type.of, item);
      break;
    case 'map':
      for (const [key, held] of Object.entries(value as Fields).reverse()) {
        const before = writer.length;
        writeField(writer, 2, type.of, held);
        writer.text(1, key);
        writer.message(number, before);
      }
      break;
    default: {
      const before = writer.length;
      writeContent(writer, type, value);
      writer.message(number, before);
    }
  }
}

/** The content of a value that is a message. */
function writeContent(writer: WireWriter, type: WireType, value: unknown): void {
  switch (type.is) {
    case 'object': {
      const message = messageOf(type);
      if (!message) throw new Error(`${type.name} has no field numbers`);
      writeMessage(writer, message, value as Fields);
      break;
    }
    case 'wrapped':
      writeField(writer, 1, type.list, value);
      break;
    case 'choice':
      writeChoice(writer, type, value);
      break;
    case 'any':
      writer.text(1, JSON.stringify(value));
      break;
    case 'quantity':
      writer.text(1, String(value));
      break;
    case 'intOrString':
      writeIntOrString(writer, value);
      break;
    case 'time':
    case 'microTime':
      writeMoment(writer, String(value));
  }
}

function writeIntOrString(writer: WireWriter, value: unknown): void {
  const isText = typeof value === 'string';
  if (isText) writer.text(3, value);
  else writer.integer(2, Number(value));
  writer.integer(1, Number(isText));
}

/** Boolean choices say "yes" beside what they hold. */
function writeChoice(writer: WireWriter, { options }: Choice, value: unknown): void {
  const flag = options.find(({ type }) => type.is === 'boolean');
  const option = options.find(({ type }) => fits(type, value));
  if (option && option !== flag) writeField(writer, option.number, option.type, value);
  if (flag) writer.integer(flag.number, Number(value !== false));
}

function fits({ is }: WireType, value: unknown): boolean {
  if (Array.isArray(value)) return is === 'list';
  return is === 'object' ? typeof value === 'object' : typeof value === is;
}

const moment = /^(.*?)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** Seconds since 1970, and the billionths of the one that has begun. */
function writeMoment(writer: WireWriter, text: string): void {
  const [, whole, fraction = '', zone] = moment.exec(text) ?? [];
  const seconds = Date.parse(`${whole}${zone}`) / 1000;
  if (!Number.isFinite(seconds)) throw new Error(`not a time: ${text}`);
  writer.integer(2, Number(fraction.slice(0, 9).padEnd(9, '0')));
  writer.integer(1, seconds);
}
