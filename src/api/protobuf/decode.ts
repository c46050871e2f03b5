// The bytes of a message as an object of its type, as JSON would show it. Fields that nobody knows are left out, and so is
// what Go writes though it was never said: the zeros of fields that are no pointers.
import type { ObjectType } from '../openapi/type.ts';
import { type Choice, type Message, type MessageField, messageOf, type WireType } from './message.ts';
import { MalformedProtobuf, WireReader } from './wire-reader.ts';
import { wire } from './wire-writer.ts';

type Fields = Record<string, unknown>;

const depthAtMost = 200;

/** Undefined for a type that doesn't travel as protobuf. */
export function decode(type: ObjectType, bytes: Buffer): Fields | undefined {
  const message = messageOf(type);
  return message && readMessage(message, new WireReader(bytes), {}, 1);
}

function readMessage(message: Message, reader: WireReader, into: Fields, depth: number): Fields {
  if (depth > depthAtMost) throw new MalformedProtobuf(`the message is nested deeper than ${depthAtMost} levels`);
  while (reader.next()) {
    const field = message.byNumber.get(reader.number);
    if (field) readField(field, reader, into, depth);
    else reader.skip();
  }
  return into;
}

function readField(field: MessageField, reader: WireReader, into: Fields, depth: number): void {
  const { name, type } = field;
  switch (type.is) {
    case 'inlined':
      readMessage(type.message, reader.message(name), into, depth + 1);
      return;
    case 'list':
      into[name] ??= [];
      readItems(type.of, name, reader, into[name] as unknown[], depth);
      return;
    case 'map':
      into[name] ??= {};
      readEntry(type.of, name, reader, into[name] as Fields, depth);
      return;
    default: {
      const value = readValue(type, name, reader, depth);
      if (isSaid(field, value)) into[name] = value;
      else delete into[name];
    }
  }
}

/** A message is always said, as Go shows it in JSON, too. */
function isSaid({ keepsZero, type }: MessageField, value: unknown): boolean {
  if (value === undefined) return false;
  return keepsZero || type.is === 'any' || (value !== '' && value !== 0 && value !== false);
}

/** The wire type of those that may stand in a list without tags between them. */
const packable: Partial<Record<WireType['is'], number>> = {
  int32: wire.varint,
  int64: wire.varint,
  boolean: wire.varint,
  double: wire.fixed64,
};

function readItems(of: WireType, name: string, reader: WireReader, into: unknown[], depth: number): void {
  const wireType = packable[of.is];
  if (wireType !== undefined && reader.wireType === wire.bytes) {
    for (const each of reader.packed(wireType, name)) into.push(readValue(of, name, each, depth));
    return;
  }
  const value = readValue(of, name, reader, depth);
  if (value !== undefined) into.push(value);
}

function readEntry(of: WireType, name: string, reader: WireReader, into: Fields, depth: number): void {
  const entry = reader.message(name);
  let key = '';
  let value: unknown;
  while (entry.next()) {
    if (entry.number === 1) key = entry.text(name);
    else if (entry.number === 2) value = readValue(of, name, entry, depth + 1);
    else entry.skip();
  }
  value ??= emptyOf(of);
  // A plain assignment would take this name for something else.
  if (key === '__proto__')
    Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
  else into[key] = value;
}

function emptyOf({ is }: WireType): unknown {
  switch (is) {
    case 'string':
    case 'bytes':
      return '';
    case 'quantity':
      return '0';
    case 'wrapped':
      return [];
    default:
      return {};
  }
}

/** Undefined for what stands for nothing: an empty time, quantity or JSON. */
function readValue(type: WireType, name: string, reader: WireReader, depth: number): unknown {
  switch (type.is) {
    case 'string':
      return reader.text(name);
    case 'int32':
      return reader.integer(name) | 0;
    case 'int64':
      return reader.integer(name);
    case 'boolean':
      return reader.integer(name) !== 0;
    case 'double':
      return reader.double(name);
    case 'bytes':
      return reader.rawBytes(name).toString('base64');
    default:
      return readContent(type, name, reader.message(name), depth + 1);
  }
}

/** What a value says that is a message. */
function readContent(type: WireType, name: string, content: WireReader, depth: number): unknown {
  switch (type.is) {
    case 'object': {
      const message = messageOf(type);
      if (!message) throw new MalformedProtobuf(`${type.name} has no field numbers`);
      return readMessage(message, content, {}, depth);
    }
    case 'wrapped': {
      const items: unknown[] = [];
      readNumbers(content, { 1: () => readItems(type.list.of, name, content, items, depth) });
      return items;
    }
    case 'choice':
      return readChoice(type, name, content, depth);
    case 'any':
      return readJson(textIn(content, name), name);
    case 'quantity':
      return textIn(content, name) || undefined;
    case 'intOrString':
      return readIntOrString(content, name);
    case 'time':
      return readMoment(content, name, ({ seconds }) => seconds);
    case 'microTime':
      return readMoment(content, name, ({ seconds, micros }) => `${seconds.slice(0, -1)}.${micros}Z`);
  }
  throw new MalformedProtobuf(`field ${name} is no message`);
}

/** Reads the fields of these numbers, and goes past all others. */
function readNumbers(content: WireReader, readers: Record<number, () => void>): void {
  while (content.next()) {
    const read = readers[content.number];
    if (read) read();
    else content.skip();
  }
}

function textIn(content: WireReader, name: string): string {
  let text = '';
  readNumbers(content, { 1: () => (text = content.text(name)) });
  return text;
}

function readChoice({ options }: Choice, name: string, content: WireReader, depth: number): unknown {
  const said = new Map<number, unknown>();
  while (content.next()) {
    const option = options.find(({ number }) => number === content.number);
    if (!option) content.skip();
    else if (option.type.is === 'list') {
      const items = (said.get(option.number) as unknown[] | undefined) ?? [];
      readItems(option.type.of, name, content, items, depth);
      said.set(option.number, items);
    } else said.set(option.number, readValue(option.type, name, content, depth));
  }
  const chosen = options.find(({ number }) => said.has(number));
  if (chosen) return said.get(chosen.number);
  // Nothing is told: a "no", or an empty list.
  return options.some(({ type }) => type.is === 'boolean') ? false : [];
}

function readJson(text: string, name: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedProtobuf(`field ${name} holds no JSON: ${(error as Error).message}`);
  }
}

function readIntOrString(content: WireReader, name: string): number | string {
  let isText = false;
  let integer = 0;
  let text = '';
  readNumbers(content, {
    1: () => (isText = content.integer(name) !== 0),
    2: () => (integer = content.integer(name) | 0),
    3: () => (text = content.text(name)),
  });
  return isText ? text : integer;
}

function readMoment(
  content: WireReader,
  name: string,
  written: (moment: { seconds: string; micros: string }) => string,
): string | undefined {
  let isEmpty = true;
  let seconds = 0;
  let nanos = 0;
  readNumbers(content, {
    1: () => {
      seconds = content.integer(name);
      isEmpty = false;
    },
    2: () => {
      nanos = content.integer(name);
      isEmpty = false;
    },
  });
  if (isEmpty) return undefined;
  const date = new Date(seconds * 1000);
  if (!(date.getTime() >= firstMs && date.getTime() < endMs) || nanos < 0 || nanos >= 1e9)
    throw new MalformedProtobuf(`field ${name} holds no time between the years 1 and 9999`);
  return written({
    seconds: `${date.toISOString().slice(0, 19)}Z`,
    micros: String(Math.floor(nanos / 1000)).padStart(6, '0'),
  });
}

const firstMs = Date.parse('0001-01-01T00:00:00Z');
const endMs = Date.parse('9999-12-31T23:59:59Z') + 1000;
