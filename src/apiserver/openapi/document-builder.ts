// A document as text or as protobuf, in slices. Definitions that several documents share are made once for all of them.
import { WireWriter } from '../../api/protobuf/wire-writer.ts';
import { kubernetesVersion } from '../../api/version.ts';
import { Breath } from '../../base/breath.ts';
import type { Definitions } from './definitions.ts';
import type { Section } from './document-plan.ts';
import { writeEntry, writeFields } from './gnostic.ts';
import { gnosticV2 } from './gnostic-v2.ts';
import { gnosticV3 } from './gnostic-v3.ts';
import type { Path } from './operation.ts';
import { pathItem, usedBy } from './path-item.ts';
import type { JsonObject, Version } from './schema-object.ts';

const pieceLength = 64 * 1024;

const info = { title: 'Kubernetes', version: kubernetesVersion };
const bearer = { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' };
const headV2 = { swagger: '2.0', info, securityDefinitions: { BearerToken: bearer }, security: [{ BearerToken: [] }] };
const headV3 = { openapi: '3.0.0', info };
const componentsV3 = { securitySchemes: { BearerToken: bearer } };

export class DocumentBuilder {
  readonly #version: Version;
  readonly #definitions: Definitions;
  readonly #texts = new Map<string, string>();
  readonly #breath = new Breath();

  constructor(version: Version, definitions: Definitions) {
    this.#version = version;
    this.#definitions = definitions;
  }

  /** In pieces: joined, they are the document. */
  async *json(sections: readonly Section[]): AsyncGenerator<string> {
    const isV2 = this.#version === 'v2';
    const paths = await this.#pathsOf(sections);
    yield `${opened(isV2 ? headV2 : headV3)}"paths":{`;
    yield* this.#joined(paths, (path) => entry(path.path, JSON.stringify(pathItem(path, this.#version))));
    yield isV2 ? '},"definitions":{' : `},"components":${opened(componentsV3)}"schemas":{`;
    yield* this.#joined(await this.#definitionsOf(paths), (name) => this.#definitionText(name));
    yield isV2 ? '}}' : '}}}';
  }

  async protobuf(sections: readonly Section[]): Promise<Buffer> {
    const writer = new WireWriter();
    const paths = await this.#pathsOf(sections);
    const names = await this.#definitionsOf(paths);
    if (this.#version === 'v2') {
      await this.#writeDefinitions(writer, gnosticV2.definitions, names);
      await this.#writePaths(writer, gnosticV2.paths, paths);
      writeFields(writer, gnosticV2.documentHead, headV2);
      return writer.bytes;
    }
    writeFields(writer, gnosticV3.componentsHead, componentsV3);
    await this.#writeDefinitions(writer, gnosticV3.schemas, names);
    writer.message(gnosticV3.components, 0);
    await this.#writePaths(writer, gnosticV3.paths, paths);
    writeFields(writer, gnosticV3.documentHead, headV3);
    return writer.bytes;
  }

  async #writeDefinitions(writer: WireWriter, field: number, names: readonly string[]): Promise<void> {
    const { definition } = this.#gnostic;
    const before = writer.length;
    await this.#each(names.toReversed(), (name) =>
      writeEntry(writer, definition.field, definition.codec, name, this.#definitions.named(name).schema),
    );
    writer.message(field, before);
  }

  async #writePaths(writer: WireWriter, field: number, paths: readonly Path[]): Promise<void> {
    const { path } = this.#gnostic;
    const before = writer.length;
    await this.#each(paths.toReversed(), (each) =>
      writeEntry(writer, path.field, path.codec, each.path, pathItem(each, this.#version)),
    );
    writer.message(field, before);
  }

  get #gnostic() {
    return this.#version === 'v2' ? gnosticV2 : gnosticV3;
  }

  async #pathsOf(sections: readonly Section[]): Promise<Path[]> {
    const paths = await this.#each(sections, (section) => section());
    return paths.flat().sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  /** The names of what can be reached from the operations, in their order. */
  async #definitionsOf(paths: readonly Path[]): Promise<string[]> {
    const found = new Set(paths.flatMap((path) => [...usedBy(path)]));
    for (const name of found) {
      for (const used of this.#definitions.named(name).uses) found.add(used);
      await this.#breath.pause();
    }
    return [...found].sort();
  }

  #definitionText(name: string): string {
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = entry(name, JSON.stringify(this.#definitions.named(name).schema));
      this.#texts.set(name, text);
    }
    return text;
  }

  /** The texts with commas between them, in pieces that are worth the trouble of passing them on. */
  async *#joined<From>(list: readonly From[], textOf: (from: From) => string): AsyncGenerator<string> {
    let piece = '';
    for (const [index, each] of list.entries()) {
      piece += `${index > 0 ? ',' : ''}${textOf(each)}`;
      await this.#breath.pause();
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }

  async #each<From, To>(list: readonly From[], make: (from: From) => To): Promise<To[]> {
    const made: To[] = [];
    for (const each of list) {
      made.push(make(each));
      await this.#breath.pause();
    }
    return made;
  }
}

const entry = (name: string, json: string) => `${JSON.stringify(name)}:${json}`;

/** An object in which more is to follow. */
const opened = (object: JsonObject) => `${JSON.stringify(object).slice(0, -1)},`;
