// The table of protobuf's field numbers against what a kubectl says: its program holds the description of every message that it
// knows, up to v1.34. A field that came later than that kubectl is not seen here.
import assert from 'node:assert/strict';
import { readFileSync, realpathSync } from 'node:fs';
import { before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { typeNamed } from '../../src/api/openapi/schema.ts';
import type { ObjectType } from '../../src/api/openapi/type.ts';
import { fieldNumbers } from '../../src/api/protobuf/field-numbers.ts';
import { isPointerField } from '../../src/api/protobuf/field-table.ts';
import { type Message, messageOf } from '../../src/api/protobuf/message.ts';
import { WireReader } from '../../src/api/protobuf/wire-reader.ts';
import { kubectlPrograms } from './kubectls.ts';

interface DescribedField {
  number: number;
  name: string;
  /** Go keeps it behind a pointer. */
  isPointer: boolean;
}

/** By the full name of the message, as the schema writes it. */
let described: Map<string, DescribedField[]>;

before(async () => {
  const newest = (await kubectlPrograms()).at(-1) ?? '';
  described = messagesIn(readFileSync(realpathSync(newest)));
});

/** Go's generated code carries each file's description, compressed. */
function messagesIn(program: Buffer): Map<string, DescribedField[]> {
  const found = new Map<string, DescribedField[]>();
  const gzipHead = Buffer.from('1f8b08', 'hex');
  for (let at = program.indexOf(gzipHead); at >= 0; at = program.indexOf(gzipHead, at + 1)) {
    const file = unzipped(program.subarray(at, at + 512 * 1024));
    if (file?.subarray(0, 200).includes('generated.proto')) readFile(file, found);
  }
  return found;
}

function unzipped(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: 4 * 1024 * 1024 });
  } catch {
    return undefined; // but looked like it
  }
}

/** Fields of a message, by number; those that are repeated in their order. */
function fieldsOf(bytes: Buffer): Map<number, (Buffer | number)[]> {
  const fields = new Map<number, (Buffer | number)[]>();
  const reader = new WireReader(bytes);
  while (reader.next()) {
    const { number } = reader;
    const value = reader.wireType === 0 ? reader.integer('') : reader.wireType === 2 ? reader.rawBytes('') : undefined;
    if (value === undefined) reader.skip();
    else fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const textOf = (fields: Map<number, (Buffer | number)[]>, number: number) => String(fields.get(number)?.[0] ?? '');

function readFile(bytes: Buffer, into: Map<string, DescribedField[]>): void {
  const file = fieldsOf(bytes);
  const inPackage = textOf(file, 2).replace(/^k8s\.io\./, 'io.k8s.');
  for (const message of (file.get(4) ?? []) as Buffer[]) {
    const content = fieldsOf(message);
    into.set(`${inPackage}.${textOf(content, 1)}`, ((content.get(2) ?? []) as Buffer[]).map(readField));
  }
}

const repeated = 3;
const bytesType = 12;
/** The option by which the generator is told to do without a pointer. */
const nullableOption = 65001;

function readField(bytes: Buffer): DescribedField {
  const field = fieldsOf(bytes);
  const options = fieldsOf((field.get(8)?.[0] as Buffer | undefined) ?? Buffer.alloc(0));
  const isSingle = field.get(4)?.[0] !== repeated && field.get(5)?.[0] !== bytesType;
  return {
    number: Number(field.get(3)?.[0]),
    name: textOf(field, 1),
    isPointer: isSingle && options.get(nullableOption)?.[0] !== 0,
  };
}

test('kubectl describes its messages', (t) => {
  if (described.size === 0) t.skip('a kubectl of v1.35 or later describes none');
  else assert.ok(described.size > 500);
});

test('every number and pointer is as kubectl has it', () => {
  const wrong: string[] = [];
  let compared = 0;
  for (const { type, message } of messagesOfTable()) {
    for (const { number, name, isPointer } of described.get(type.name) ?? []) {
      const field = message.byNumber.get(number);
      compared++;
      const isSame = field?.type.is === 'inlined' || field?.name.toLowerCase() === name.toLowerCase();
      if (!field || !isSame) wrong.push(`${type.name}: ${number} is ${name}, not ${field?.name}`);
      else if (field.type.is !== 'inlined' && isPointerField(type.name, field.name) !== isPointer)
        wrong.push(`${type.name}.${name} is ${isPointer ? 'a' : 'no'} pointer`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(described.size === 0 || compared > 1500, String(compared));
});

function* messagesOfTable(): Generator<{ type: ObjectType; message: Message }> {
  let inPackage = '';
  for (const line of fieldNumbers.trim().split('\n')) {
    if (!line.startsWith(' ')) inPackage = line;
    const type = typeNamed(`${inPackage}.${line.trim().split(' ')[0]}`);
    const message = type && messageOf(type);
    if (message) yield { type, message };
  }
}
