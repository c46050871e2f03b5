// The documents of one table of kinds: each is made when it is first asked for, and kept compressed.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { Kind } from '../../api/kinds/kind.ts';
import { Definitions, type Descriptions } from './definitions.ts';
import { DocumentBuilder } from './document-builder.ts';
import { kindsOfDefinitions, planDocuments, type Section } from './document-plan.ts';
import type { Version } from './schema-object.ts';

export type Form = 'json' | 'protobuf';

const gzipped = promisify<Buffer, Buffer>(gzip);

/** In memory of its own: what is kept in a part of Node's pool keeps all of that. */
function ownBuffer(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

export class KeptDocument {
  /** Of its text, whatever form is asked for. */
  readonly hash: string;
  readonly #json: Buffer;
  readonly #protobuf: Lazy<Buffer>;

  constructor(hash: string, json: Buffer, makeProtobuf: () => Promise<Buffer>) {
    this.hash = hash;
    this.#json = json;
    this.#protobuf = new Lazy(async () => ownBuffer(await gzipped(await makeProtobuf())));
  }

  async compressed(form: Form): Promise<Buffer> {
    return form === 'json' ? this.#json : await this.#protobuf.get();
  }
}

export class KeptDocuments {
  readonly #kinds: readonly Kind[];
  readonly #v2 = new Lazy(async () => {
    const builder = await this.#builder('v2');
    return this.#keep(builder, this.#allSections(), async () =>
      (await this.#builder('v2')).protobuf(this.#allSections()),
    );
  });
  readonly #v3 = new Lazy(async () => {
    const builder = await this.#builder('v3');
    const made = new Map<string, KeptDocument>();
    for (const [name, sections] of planDocuments(this.#kinds)) {
      const makeProtobuf = async () => (await this.#builder('v3')).protobuf(planDocuments(this.#kinds).get(name) ?? []);
      made.set(name, await this.#keep(builder, sections, makeProtobuf));
    }
    return made;
  });

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  version2(): Promise<KeptDocument> {
    return this.#v2.get();
  }

  /** By their names: "apis/apps/v1". */
  version3(): Promise<ReadonlyMap<string, KeptDocument>> {
    return this.#v3.get();
  }

  async #keep(builder: DocumentBuilder, sections: readonly Section[], makeProtobuf: () => Promise<Buffer>) {
    const hash = createHash('sha512');
    const zip = createGzip();
    const kept = buffer(zip);
    for await (const piece of builder.json(sections)) {
      hash.update(piece);
      if (!zip.write(piece)) await once(zip, 'drain');
    }
    zip.end();
    return new KeptDocument(hash.digest('hex').toUpperCase(), ownBuffer(await kept), makeProtobuf);
  }

  /** What it is made of is read anew for each use: it is much, and seldom needed twice. */
  async #builder(version: Version): Promise<DocumentBuilder> {
    const { descriptions } = await import('../../api/openapi/generated/descriptions.js');
    const words = JSON.parse(descriptions) as Descriptions;
    return new DocumentBuilder(version, new Definitions(version, words, kindsOfDefinitions(this.#kinds)));
  }

  #allSections(): Section[] {
    return [...planDocuments(this.#kinds).values()].flat();
  }
}

export function hashOf(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase();
}

/** Made once, by whoever asks first; tried again by the next after a failure. */
class Lazy<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  get(): Promise<T> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }
}
