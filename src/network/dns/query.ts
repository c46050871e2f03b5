// A query as it comes from the wire, read by hand: it is read for every lookup, and may hold anything.
// Holds: nothing that a packet may hold makes it throw; what it answers lies within the packet.

export const responseCodes = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
};

export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
};

export interface Query {
  id: number;
  isRecursionDesired: boolean;
  isCheckingDisabled: boolean;
  /** In lower case, without the dot at the end; a dot within a label is written "\.". */
  name: string;
  type: number;
  class: number;
  /** The question as it stands in the packet. */
  question: Buffer;
  /** The same for everybody who asks this, whatever the case of the letters. */
  key: string;
  edns: Edns | undefined;
}

export interface Edns {
  payloadBytes: number;
  version: number;
  isDnssecOk: boolean;
}

/** Undefined for what is no query; a response code for one that cannot be answered. */
export type Reading = Query | { id: number; opcode: number; refusal: number } | undefined;

export const headerBytes = 12;
const responseBit = 0x8000;
const longestName = 255;

export function readQuery(bytes: Buffer): Reading {
  if (bytes.length < headerBytes) return undefined;
  const flags = bytes.readUInt16BE(2);
  if ((flags & responseBit) !== 0) return undefined;
  const id = bytes.readUInt16BE(0);
  const opcode = (flags >> 11) & 15;
  if (opcode !== 0) return { id, opcode, refusal: responseCodes.notImplemented };
  const malformed = { id, opcode, refusal: responseCodes.formatError };
  if (bytes.readUInt16BE(4) !== 1) return malformed;
  const name = readPlainName(bytes, headerBytes);
  if (!name || name.end + 4 > bytes.length) return malformed;
  const end = name.end + 4;
  const edns = readEdns(bytes, end);
  if (edns === 'malformed') return malformed;
  const question = bytes.subarray(headerBytes, end);
  return {
    id,
    isRecursionDesired: (flags & 0x100) !== 0,
    isCheckingDisabled: (flags & 0x10) !== 0,
    name: name.text,
    type: bytes.readUInt16BE(name.end),
    class: bytes.readUInt16BE(name.end + 2),
    question,
    key: `${name.text}\0${bytes.toString('latin1', name.end, end)}`,
    edns,
  };
}

/** A name without pointers, as a question has it. */
function readPlainName(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  let text = '';
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return undefined;
    const next = at + 1 + length;
    if (next - start > longestName || next > bytes.length) return undefined;
    if (length === 0) return { text, end: next };
    const label = bytes.toString('latin1', at + 1, next);
    text += text === '' ? plain(label) : `.${plain(label)}`;
    at = next;
  }
}

const upperCase = /[A-Z]/g;

/** Only ASCII letters have two cases in DNS. */
function plain(label: string): string {
  const escaped = label.includes('.') || label.includes('\\') ? label.replace(/[.\\]/g, '\\$&') : label;
  return escaped.replace(upperCase, (letter) => letter.toLowerCase());
}

function readEdns(bytes: Buffer, start: number): Edns | undefined | 'malformed' {
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  let edns: Edns | undefined;
  let at = start;
  for (let count = 0; count < records; count++) {
    const record = readRecord(bytes, at);
    if (!record) return 'malformed';
    at = record.end;
    if (record.type !== recordTypes.OPT) continue;
    if (edns) return 'malformed';
    const version = (record.ttl >>> 16) & 255;
    edns = { payloadBytes: record.class, version, isDnssecOk: (record.ttl & 0x8000) !== 0 };
  }
  return edns;
}

export interface RawRecord {
  start: number;
  type: number;
  class: number;
  ttl: number;
  ttlAt: number;
  dataAt: number;
  end: number;
}

/** A record that begins at an offset of a message; undefined where there is none. */
export function readRecord(bytes: Buffer, start: number): RawRecord | undefined {
  const nameEnd = endOfName(bytes, start);
  if (nameEnd === undefined || nameEnd + 10 > bytes.length) return undefined;
  const dataAt = nameEnd + 10;
  const end = dataAt + bytes.readUInt16BE(nameEnd + 8);
  if (end > bytes.length) return undefined;
  const [type, rrClass, ttl] = [
    bytes.readUInt16BE(nameEnd),
    bytes.readUInt16BE(nameEnd + 2),
    bytes.readUInt32BE(nameEnd + 4),
  ];
  return { start, type, class: rrClass, ttl, ttlAt: nameEnd + 4, dataAt, end };
}

function endOfName(bytes: Buffer, start: number): number | undefined {
  for (let at = start; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}
