// Resource records onto the wire, with pointers to names that stand in the message already.
// Holds: names are in lower case and their labels are at most 63 characters long.
import { recordTypes } from './query.ts';

export type RecordData =
  | { type: 'A'; address: string }
  | { type: 'NS' | 'CNAME' | 'PTR'; target: string }
  | { type: 'SRV'; priority: number; weight: number; port: number; target: string }
  | { type: 'TXT' | 'HINFO'; texts: string[] }
  | { type: 'SOA'; primary: string; mailbox: string; serial: number; times: [number, number, number, number] };

/** Of a type that others know, as it came. */
export interface OpaqueData {
  type: 'opaque';
  number: number;
  data: Uint8Array;
}

export type DnsRecord = { name: string; ttl: number } & (RecordData | OpaqueData);

/** Writes records one after the other, as they stand behind a question. */
export class RecordWriter {
  #bytes = Buffer.alloc(512);
  #length = 0;
  readonly #bodyAt: number;
  /** Where in the message a name stands already. */
  readonly #names = new Map<string, number>();

  /** The name that is asked for stands at `nameAt` of the message; the records begin at `bodyAt`. */
  constructor(name: string, nameAt: number, bodyAt: number) {
    this.#bodyAt = bodyAt;
    if (!name.includes('\\')) this.#remember(name, nameAt);
  }

  get length(): number {
    return this.#length;
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  add(record: DnsRecord): void {
    this.#name(record.name);
    this.#word(record.type === 'opaque' ? record.number : recordTypes[record.type]);
    this.#word(1);
    this.#long(record.ttl);
    const lengthAt = this.#length;
    this.#word(0);
    this.#data(record);
    this.#bytes.writeUInt16BE(this.#length - lengthAt - 2, lengthAt);
  }

  addName(name: string): void {
    this.#name(name);
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        for (const byte of record.address.split('.')) this.#byte(Number(byte));
        break;
      case 'NS':
      case 'CNAME':
      case 'PTR':
        this.#name(record.target);
        break;
      case 'SRV':
        for (const word of [record.priority, record.weight, record.port]) this.#word(word);
        // Old resolvers do not follow a pointer here.
        this.#plainName(record.target);
        break;
      case 'TXT':
      case 'HINFO':
        for (const text of record.texts) this.#text(text);
        break;
      case 'SOA':
        this.#name(record.primary);
        this.#name(record.mailbox);
        for (const long of [record.serial, ...record.times]) this.#long(long);
        break;
      case 'opaque':
        this.#ensure(record.data.length);
        this.#bytes.set(record.data, this.#length);
        this.#length += record.data.length;
    }
  }

  /** With a pointer to as much of its end as stands in the message already. */
  #name(name: string): void {
    let rest = name;
    while (rest !== '') {
      const known = this.#names.get(rest);
      if (known !== undefined) {
        this.#word(0xc000 | known);
        return;
      }
      const here = this.#bodyAt + this.#length;
      if (here < 0x4000) this.#names.set(rest, here);
      const dot = rest.indexOf('.');
      this.#text(dot < 0 ? rest : rest.slice(0, dot));
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.#byte(0);
  }

  #plainName(name: string): void {
    for (const label of labelsOf(name)) this.#text(label);
    this.#byte(0);
  }

  #remember(name: string, at: number): void {
    let offset = at;
    const labels = labelsOf(name);
    for (const [index, label] of labels.entries()) {
      this.#names.set(labels.slice(index).join('.'), offset);
      offset += 1 + label.length;
    }
  }

  #text(text: string): void {
    this.#byte(text.length);
    this.#ensure(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  #byte(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#length++] = value;
  }

  #word(value: number): void {
    this.#ensure(2);
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  #long(value: number): void {
    this.#ensure(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  #ensure(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}

const labelsOf = (name: string): string[] => (name === '' ? [] : name.split('.'));
