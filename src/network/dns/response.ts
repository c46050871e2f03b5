// Responses onto the wire. What stands behind the question is encoded once for all who ask the same, with names pointing into
// it, and is joined with the number, the question in the asker's own letters, and the asker's limits.
import { headerBytes, type Query, recordTypes, responseCodes } from './query.ts';
import { type DnsRecord, RecordWriter } from './record-writer.ts';

/** A response but for who asked. */
export interface Encoded {
  code: number;
  /** Which of "authoritative" and "authentic" it bears. */
  flags: number;
  /** How many records stand in each section. */
  counts: [answers: number, authorities: number, additionals: number];
  body: Buffer;
  /** Where in the body each of the answers ends. */
  ends: readonly number[];
  /** Where the additional records begin, which may be left out. */
  additionalsAt: number;
  /** So many records of equal length stand at the front whose order means nothing. */
  alike: number;
  /** Where in the body the times to live stand, of an answer that grows old. */
  ttlsAt?: readonly number[];
}

export type Carrier = 'udp' | 'tcp';

/** What passes every network in one piece. */
export const payloadBytes = 1232;
const plainPayloadBytes = 512;
const longestMessage = 65_535;
const ednsBytes = 11;

export const responseFlags = {
  isResponse: 0x8000,
  authoritative: 0x400,
  truncated: 0x200,
  recursionDesired: 0x100,
  recursionAvailable: 0x80,
  authentic: 0x20,
  checkingDisabled: 0x10,
};
const compactAddressBytes = 16;

export interface Sections {
  code: number;
  answers?: readonly DnsRecord[];
  authorities?: readonly DnsRecord[];
  additionals?: readonly DnsRecord[];
}

export function encodeAnswer(
  query: Query,
  { code, answers = [], authorities = [], additionals = [] }: Sections,
): Encoded {
  const writer = new RecordWriter(query.name, headerBytes, headerBytes + query.question.length);
  const ends = answers.map((record) => {
    writer.add(record);
    return writer.length;
  });
  for (const record of authorities) writer.add(record);
  const additionalsAt = writer.length;
  for (const record of additionals) writer.add(record);
  return {
    code,
    flags: responseFlags.authoritative,
    counts: [answers.length, authorities.length, additionals.length],
    body: writer.bytes(),
    ends,
    additionalsAt,
    alike: answers.every((record) => record.type === 'A' && record.name === query.name) ? answers.length : 0,
  };
}

export interface Joining {
  carrier: Carrier;
  /** Which of the records that are alike comes first. */
  first?: number;
  ageSeconds?: number;
}

export function joinResponse(query: Query, encoded: Encoded, { carrier, first = 0, ageSeconds = 0 }: Joining): Buffer {
  const room = limitFor(query, carrier) - headerBytes - query.question.length - (query.edns ? ednsBytes : 0);
  const { body, ends, additionalsAt, counts } = encoded;
  const [answers, authorities] = counts;
  const bodyAt = headerBytes + query.question.length;
  const joined = (bodyBytes: number, present: readonly number[], flags = 0) => {
    const message = join(query, encoded, bodyBytes, present, flags);
    if (encoded.alike > 1) rotate(message, bodyAt, encoded, { first, count: present[0] ?? 0 });
    const aging = (ageSeconds > 0 && encoded.ttlsAt?.filter((at) => at < bodyBytes)) || [];
    age(message, bodyAt, aging, ageSeconds);
    return message;
  };
  if (body.length <= room) return joined(body.length, counts);
  if (additionalsAt <= room) return joined(additionalsAt, [answers, authorities, 0]);
  // They ask again over TCP. Old ones that cannot (musl before 1.2.4) take what is here.
  const fitting = ends.filter((end) => end <= room);
  return joined(fitting.at(-1) ?? 0, [fitting.length, 0, 0], responseFlags.truncated);
}

function limitFor({ edns }: Query, carrier: Carrier): number {
  if (carrier === 'tcp') return longestMessage;
  return edns ? Math.min(payloadBytes, Math.max(plainPayloadBytes, edns.payloadBytes)) : plainPayloadBytes;
}

function join(query: Query, encoded: Encoded, bodyBytes: number, counts: readonly number[], flags = 0): Buffer {
  const { id, question, edns, isRecursionDesired, isCheckingDisabled } = query;
  const bodyAt = headerBytes + question.length;
  const message = Buffer.allocUnsafe(bodyAt + bodyBytes + (edns ? ednsBytes : 0));
  const all =
    responseFlags.isResponse |
    responseFlags.recursionAvailable |
    encoded.flags |
    flags |
    (isRecursionDesired ? responseFlags.recursionDesired : 0) |
    (isCheckingDisabled ? responseFlags.checkingDisabled : 0) |
    (encoded.code & 15);
  const [answers = 0, authorities = 0, additionals = 0] = counts;
  writeHeader(message, [id, all, 1, answers, authorities, additionals + (edns ? 1 : 0)]);
  message.set(question, headerBytes);
  message.set(bodyBytes === encoded.body.length ? encoded.body : encoded.body.subarray(0, bodyBytes), bodyAt);
  if (edns) writeEdns(message, bodyAt + bodyBytes, encoded.code >> 4, edns.isDnssecOk);
  return message;
}

/** The response to what could not be read: its number and why. */
export function bareResponse({ id, opcode, refusal }: { id: number; opcode: number; refusal: number }): Buffer {
  const message = Buffer.alloc(headerBytes);
  writeHeader(message, [id, responseFlags.isResponse | (opcode << 11) | (refusal & 15), 0, 0, 0, 0]);
  return message;
}

export function writeHeader(message: Buffer, words: readonly number[]): void {
  let at = 0;
  for (const word of words) at = message.writeUInt16BE(word, at);
}

export function writeEdns(message: Buffer, start: number, extendedCode: number, isDnssecOk: boolean): void {
  message[start] = 0;
  message.writeUInt16BE(recordTypes.OPT, start + 1);
  message.writeUInt16BE(payloadBytes, start + 3);
  message.writeUInt16BE(extendedCode << 8, start + 5);
  message.writeUInt16BE(isDnssecOk ? 0x8000 : 0, start + 7);
  message.writeUInt16BE(0, start + 9);
}

/** Clients take the first address: it is another one each time. */
function rotate(
  message: Buffer,
  start: number,
  { body, alike }: Encoded,
  { first, count }: { first: number; count: number },
): void {
  const from = first % alike;
  if (from === 0) return;
  const behind = Math.min(count, alike - from);
  body.copy(message, start, from * compactAddressBytes, (from + behind) * compactAddressBytes);
  body.copy(message, start + behind * compactAddressBytes, 0, (count - behind) * compactAddressBytes);
}

function age(message: Buffer, bodyAt: number, ttlsAt: readonly number[], seconds: number): void {
  for (const at of ttlsAt) message.writeUInt32BE(Math.max(0, message.readUInt32BE(bodyAt + at) - seconds), bodyAt + at);
}

const failure: Encoded = {
  code: responseCodes.serverFailure,
  flags: 0,
  counts: [0, 0, 0],
  body: Buffer.alloc(0),
  ends: [],
  additionalsAt: 0,
  alike: 0,
};

export const refusalWith = (code: number): Encoded => ({ ...failure, code });
export const serverFailure = failure;
