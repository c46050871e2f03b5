// What a resolver outside answered: judged, freed of what was between it and us alone, and kept as it came. Pure.
import { headerBytes, type RawRecord, readRecord, recordTypes, responseCodes } from './query.ts';
import type { DnsRecord } from './record-writer.ts';
import { type Encoded, responseFlags } from './response.ts';

export interface ForeignAnswer {
  encoded: Encoded;
  isTruncated: boolean;
  /** How long it may be told on. */
  keepSeconds: number;
  records: RawRecord[];
  message: Buffer;
}

/** Kubernetes' own DNS asks again after so long, whatever the record says: names move. */
const longestKeepSeconds = 30;

/** Undefined where the message is no answer to that question with that number. */
export function readForeignAnswer(message: Buffer, id: number, question: Buffer): ForeignAnswer | undefined {
  if (message.length < headerBytes || message.readUInt16BE(0) !== id) return undefined;
  const flags = message.readUInt16BE(2);
  const bodyAt = headerBytes + question.length;
  if ((flags & responseFlags.isResponse) === 0) return undefined;
  const code = flags & 15;
  const bare = { flags: flags & responseFlags.authentic, ends: [], ttlsAt: [], alike: 0 };
  // Some refuse without repeating what they were asked.
  if (message.readUInt16BE(4) === 0 && code !== 0) {
    const encoded: Encoded = { ...bare, code, counts: [0, 0, 0], body: Buffer.alloc(0), additionalsAt: 0 };
    return { encoded, isTruncated: false, keepSeconds: 0, records: [], message };
  }
  if (message.readUInt16BE(4) !== 1 || !isSameQuestion(message.subarray(headerBytes, bodyAt), question))
    return undefined;
  const isTruncated = (flags & responseFlags.truncated) !== 0;
  const counts: [number, number, number] = [message.readUInt16BE(6), message.readUInt16BE(8), message.readUInt16BE(10)];
  const records = readRecords(message, bodyAt, counts[0] + counts[1] + counts[2]);
  if (!records)
    return isTruncated
      ? {
          encoded: { ...bare, code, counts: [0, 0, 0], body: Buffer.alloc(0), additionalsAt: 0 },
          isTruncated,
          keepSeconds: 0,
          records: [],
          message,
        }
      : undefined;
  const firm = counts[0] + counts[1];
  // What concerns this one message alone comes after all else.
  const optional = records.findIndex(({ type }) => type === recordTypes.OPT);
  const kept = optional < 0 ? records : records.slice(0, Math.max(firm, optional));
  const end = kept.at(-1)?.end ?? bodyAt;
  const encoded: Encoded = {
    ...bare,
    code,
    counts: [counts[0], counts[1], Math.max(0, kept.length - firm)],
    body: Buffer.from(message.subarray(bodyAt, end)),
    ends: kept.slice(0, counts[0]).map(({ end: at }) => at - bodyAt),
    additionalsAt: (kept[firm - 1]?.end ?? bodyAt) - bodyAt,
    ttlsAt: kept.map(({ ttlAt }) => ttlAt - bodyAt),
  };
  return { encoded, isTruncated, keepSeconds: keepSecondsOf(message, code, counts, kept), records: kept, message };
}

/** Resolvers may spell the name in letters of their own. */
function isSameQuestion(one: Buffer, other: Buffer): boolean {
  const lower = (question: Buffer) => question.toString('latin1', 0, question.length - 4).toLowerCase();
  return one.length === other.length && one.subarray(-4).equals(other.subarray(-4)) && lower(one) === lower(other);
}

function readRecords(message: Buffer, start: number, count: number): RawRecord[] | undefined {
  const records: RawRecord[] = [];
  let at = start;
  while (records.length < count) {
    const record = readRecord(message, at);
    if (!record) return undefined;
    records.push(record);
    at = record.end;
  }
  return records;
}

/** By the records; where there is none of what was asked for, by what the zone says of its denials (RFC 2308). */
function keepSecondsOf(
  message: Buffer,
  code: number,
  [answers, authorities]: readonly number[],
  records: RawRecord[],
): number {
  if (code !== responseCodes.ok && code !== responseCodes.nameError) return 0;
  const soa = records.slice(answers, (answers ?? 0) + (authorities ?? 0)).find(({ type }) => type === recordTypes.SOA);
  const ofAnswers = records.slice(0, answers).map(({ ttl }) => ttl);
  const isDenial = code === responseCodes.nameError || ofAnswers.length === 0;
  if (isDenial && (!soa || soa.end - soa.dataAt < 20)) return 0;
  const ofDenial = isDenial && soa ? [soa.ttl, message.readUInt32BE(soa.end - 4)] : [];
  return Math.min(longestKeepSeconds, ...ofAnswers, ...ofDenial);
}

const withoutNames = new Set<number>([recordTypes.A, recordTypes.AAAA, recordTypes.TXT, recordTypes.HINFO]);

/** The answers as records of their own, that may stand in another message; those of types that may hold names are left out. */
export function answersOf({ message, records, encoded }: ForeignAnswer, ageSeconds: number): DnsRecord[] {
  return records.slice(0, encoded.counts[0]).flatMap((record): DnsRecord[] => {
    const name = readName(message, record.start);
    const ttl = Math.max(0, record.ttl - ageSeconds);
    if (name === undefined) return [];
    if (record.type === recordTypes.CNAME) {
      const target = readName(message, record.dataAt);
      return target === undefined ? [] : [{ type: 'CNAME', name, ttl, target }];
    }
    if (!withoutNames.has(record.type)) return [];
    return [{ type: 'opaque', number: record.type, name, ttl, data: message.subarray(record.dataAt, record.end) }];
  });
}

const mostPointers = 32;

/** A name with its pointers followed; undefined where it leads astray, or has a dot within a label. */
function readName(message: Buffer, start: number): string | undefined {
  const labels: string[] = [];
  let at = start;
  for (let pointers = 0; pointers < mostPointers; ) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return labels.join('.');
    if (length >= 0xc0) {
      if (at + 2 > message.length) return undefined;
      at = message.readUInt16BE(at) & 0x3fff;
      pointers++;
      continue;
    }
    const label = message.toString('latin1', at + 1, at + 1 + length);
    if (length > 63 || label.length < length || /[.\\]/.test(label) || labels.length > 127) return undefined;
    labels.push(label.toLowerCase());
    at += 1 + length;
  }
  return undefined;
}
