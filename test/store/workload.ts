// Writers that remember what the server has acknowledged. When the server ends amid their work, each has one write at most of which
// it does not know whether it was done; everything else must be there.
import assert from 'node:assert/strict';
import { type ConfigMap, configMaps } from '../../src/api/kinds/config-map.ts';
import { StatusError } from '../../src/api/status.ts';
import type { Client } from '../../src/client/client.ts';

const namespace = 'default';

/** What a ConfigMap holds, or that there is none. */
type Content = string | undefined;

export class Writer {
  readonly #name: string;
  readonly #keys: number;
  readonly #known = new Map<string, { content: Content; revision: number }>();
  #unknown: { name: string; content: Content } | undefined;
  #steps = 0;
  /** The highest revision that the server has told. */
  revision = 0;

  constructor(name: string, keys = 4) {
    this.#name = name;
    this.#keys = keys;
  }

  /** Writes until the server is gone; tells of each acknowledged write. Answers when there was an end other than that. */
  async work(client: Client, acknowledged: () => void): Promise<void> {
    for (;;) {
      const step = this.#steps++;
      const name = `${this.#name}-${step % this.#keys}`;
      const before = this.#known.get(name)?.content;
      // Every fifth write of a thing deletes it.
      const isDeletion = before !== undefined && Math.floor(step / this.#keys) % 5 === 4;
      const content = isDeletion ? undefined : `${step}`;
      this.#unknown = { name, content };
      try {
        this.#acknowledge(name, content, await write(client, name, before, content));
      } catch (error) {
        if (error instanceof StatusError) throw error;
        return;
      }
      acknowledged();
    }
  }

  /** Holds what the server has now against what it has acknowledged. */
  verify(objects: ReadonlyMap<string, ConfigMap>): void {
    const unknown = this.#unknown;
    for (const [name, { content, revision }] of this.#known) {
      const object = objects.get(name);
      const found = object?.data?.content;
      if (unknown?.name === name && found === unknown.content) continue;
      assert.equal(found, content, `${name} is not as it was acknowledged at revision ${revision}`);
      if (object) assert.equal(Number(object.metadata.resourceVersion), revision, name);
    }
    if (unknown) {
      const object = objects.get(unknown.name);
      const revision = Number(object?.metadata.resourceVersion ?? 0);
      this.#known.set(unknown.name, { content: object?.data?.content, revision });
      this.revision = Math.max(this.revision, revision);
    }
    this.#unknown = undefined;
  }

  #acknowledge(name: string, content: Content, revision: number | undefined): void {
    if (revision !== undefined) {
      assert.ok(revision > this.revision, `revision ${revision} of ${name} after ${this.revision}`);
      this.revision = revision;
    }
    this.#known.set(name, { content, revision: revision ?? 0 });
    this.#unknown = undefined;
  }
}

async function write(client: Client, name: string, before: Content, content: Content): Promise<number | undefined> {
  const ref = { namespace, name };
  if (content === undefined) {
    await client.delete(configMaps, ref);
    return undefined;
  }
  const data = { content };
  const written =
    before === undefined
      ? await client.create(configMaps, { metadata: ref, data })
      : await client.patch(configMaps, ref, { data });
  return Number(written.metadata.resourceVersion);
}

/** All ConfigMaps of the writers, and the revision of the list. */
export async function readAll(client: Client): Promise<{ objects: Map<string, ConfigMap>; revision: number }> {
  const { items, metadata } = await client.list(configMaps, { namespace });
  return {
    objects: new Map(items.map((item) => [item.metadata.name, item])),
    revision: Number(metadata.resourceVersion),
  };
}
