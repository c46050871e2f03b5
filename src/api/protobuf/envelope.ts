// What Kubernetes puts around a message: which type it is of, and of a watch, what happened to it.
import { metaPackage, typeNamed, typeOfKind } from '../openapi/schema.ts';
import type { ObjectType, Type } from '../openapi/type.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { MalformedProtobuf, WireReader } from './wire-reader.ts';
import { messageHead, WireWriter } from './wire-writer.ts';

/** What every object begins with. */
const magic = Buffer.from('k8s\0');

/** The name of an object's type. */
export interface TypeName {
  apiVersion: string;
  kind: string;
}

/** The object is of a type that doesn't travel as protobuf. */
export class NoProtobuf extends Error {}

/** The object in the bytes as JSON would show it. */
export function decodeEnvelope(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new MalformedProtobuf(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  if (bytes.length === magic.length) throw new MalformedProtobuf('empty body');
  let named: TypeName = { apiVersion: '', kind: '' };
  let raw: Buffer = Buffer.alloc(0);
  const envelope = new WireReader(bytes, magic.length);
  while (envelope.next()) {
    if (envelope.number === 1) named = readTypeName(envelope.message('TypeMeta'));
    else if (envelope.number === 2) raw = envelope.rawBytes('Raw');
    else if (envelope.number === 3 && envelope.text('ContentEncoding') !== '')
      throw new MalformedProtobuf('an encoding of the content is not supported');
    else if (envelope.number !== 3) envelope.skip();
  }
  const { apiVersion, kind } = named;
  if (kind === '') throw new MalformedProtobuf("Object 'Kind' is missing");
  const type = objectTypeOf(named);
  const object = type && decode(type, raw);
  if (!object) throw new NoProtobuf(`${kind} in version ${apiVersion}`);
  return { kind, apiVersion, ...object };
}

/** Undefined for what doesn't travel as protobuf, whatever it is. */
export function encodeObject(object: object): Buffer | undefined {
  // The list of versions in /api has no version of its own.
  const { apiVersion = '', kind } = object as Partial<TypeName>;
  if (kind === undefined) return undefined;
  const content = encodeContent({ ...object, apiVersion, kind });
  return content && envelopeOf({ apiVersion, kind }, content);
}

/** The message alone. */
export function encodeContent(object: TypeName): Buffer | undefined {
  const type = objectTypeOf(object);
  return type && encode(type, object as unknown as Record<string, unknown>);
}

export function envelopeOf(named: TypeName, content: Buffer): Buffer {
  return Buffer.concat(wrapped(named, [content]));
}

/** A list of contents that were encoded before: put together, not copied again and again. */
export function encodeList(list: TypeName & { metadata: object }, contents: readonly Buffer[]): Buffer {
  const metadata = encode(metaNamed('ListMeta'), list.metadata as Record<string, unknown>) as Buffer;
  const parts = [messageHead(1, metadata.length), metadata];
  for (const content of contents) parts.push(messageHead(2, content.length), content);
  return Buffer.concat(wrapped(list, parts));
}

/** The parts of a content, within an envelope. */
function wrapped({ apiVersion, kind }: TypeName, parts: readonly Buffer[]): Buffer[] {
  const names = new WireWriter();
  names.text(2, kind);
  names.text(1, apiVersion);
  names.message(1, 0);
  const encoding = new WireWriter();
  encoding.text(4, '');
  encoding.text(3, '');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [magic, names.bytes, messageHead(2, length), ...parts, encoding.bytes];
}

/** An event of a watch, after its length. */
export function encodeWatchEvent(type: string, object: Buffer): Buffer {
  const writer = new WireWriter();
  const before = writer.length;
  writer.rawBytes(1, object);
  writer.message(2, before);
  writer.text(1, type);
  const event = writer.bytes;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function readTypeName(reader: WireReader): TypeName {
  const named = { apiVersion: '', kind: '' };
  while (reader.next()) {
    if (reader.number === 1) named.apiVersion = reader.text('APIVersion');
    else if (reader.number === 2) named.kind = reader.text('Kind');
    else reader.skip();
  }
  return named;
}

/** A kind's type, or one that is the same in every group. */
export function objectTypeOf({ apiVersion, kind }: TypeName): ObjectType | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const partial = partialTypes.get(kind);
  if (partial) return partial();
  if (inEveryGroup.includes(kind)) return typeNamed(`${metaPackage}.${kind}`);
  return typeOfKind({ group, version, kind });
}

const inEveryGroup = ['Status', 'DeleteOptions', 'APIVersions', 'APIGroupList', 'APIGroup', 'APIResourceList'];

/** The types that the schema lacks, as no path is of their kind: objects without anything but their metadata. */
const partialObject = once(() => metaType('PartialObjectMetadata', { metadata: metaNamed('ObjectMeta') }));
const partialObjectList = once(() => {
  const items: Type = { is: 'list', of: partialObject() };
  return metaType('PartialObjectMetadataList', { metadata: metaNamed('ListMeta'), items });
});
const partialTypes = new Map([
  ['PartialObjectMetadata', partialObject],
  ['PartialObjectMetadataList', partialObjectList],
]);

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const metaNamed = (name: string) => typeNamed(`${metaPackage}.${name}`) as ObjectType;

function metaType(name: string, fields: Record<string, Type>): ObjectType {
  const entries = Object.entries(fields).map(
    ([field, type]) => [field, { type, required: false, isZeroNothing: false }] as const,
  );
  return { is: 'object', name: `${metaPackage}.${name}`, fields: new Map(entries) };
}
