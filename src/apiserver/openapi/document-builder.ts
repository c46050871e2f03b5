// A document as text or as protobuf, in slices. Definitions that several documents share are made once for all of them.
import { kubernetesVersion } from '../../api/version.ts';
import { Breath } from './breath.ts';
import type { Definitions } from './definitions.ts';
import { encoded, wrapped } from './gnostic.ts';
import { gnosticV2 } from './gnostic-v2.ts';
import { gnosticV3 } from './gnostic-v3.ts';
import type { Path } from './operation.ts';
import { pathItem, usedBy } from './path-item.ts';
import type { JsonObject, Version } from './schema-object.ts';

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

  async json(paths: readonly Path[]): Promise<string> {
    const items = await this.#each(paths, (path) => entry(path.path, JSON.stringify(pathItem(path, this.#version))));
    const schemas = await this.#each(await this.#definitionsOf(paths), (name) => this.#definitionText(name));
    const inner = `{${schemas.join(',')}}`;
    const isV2 = this.#version === 'v2';
    const head = isV2 ? opened(headV2) : opened(headV3);
    const definitions = isV2 ? `"definitions":${inner}` : `"components":${opened(componentsV3)}"schemas":${inner}}`;
    return `${head}"paths":{${items.join(',')}},${definitions}}`;
  }

  async protobuf(paths: readonly Path[]): Promise<Buffer> {
    const isV2 = this.#version === 'v2';
    const { documentHead, pathEntry, schemaEntry } = isV2 ? gnosticV2 : gnosticV3;
    const items = await this.#each(paths, (path) => pathEntry(path.path, pathItem(path, this.#version)));
    const schemas = await this.#each(await this.#definitionsOf(paths), (name) =>
      schemaEntry(name, this.#definitions.named(name).schema),
    );
    if (isV2) return Buffer.concat([encoded(documentHead, headV2), wrapped(8, items), wrapped(9, schemas)]);
    const components = [wrapped(1, schemas), encoded(gnosticV3.componentsHead, componentsV3)];
    return Buffer.concat([encoded(documentHead, headV3), wrapped(4, items), wrapped(5, components)]);
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
