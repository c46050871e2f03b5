// Everything that happened to some kinds of objects, in the order of revisions, over the ends and starts of the server: each
// watch goes on from where it broke; what the server no longer knows event by event is told as one step to what is there now.
import type { Kind } from '../../src/api/kinds/kind.ts';
import type { KubeObject } from '../../src/api/meta.ts';
import { isExpired } from '../../src/api/status.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';

export interface Happening {
  kind: string;
  uid: string;
  /** As it is from then on; absent where it is gone. */
  object: KubeObject | undefined;
  /** What came between these revisions may have come in any order. */
  from: number;
  to: number;
}

export class Happenings {
  readonly #client: () => Client;
  readonly #all: Happening[] = [];
  readonly #known = new Map<string, Map<string, KubeObject>>();
  readonly #kinds: readonly Kind<KubeObject>[];
  readonly #stop = new AbortController();
  /** Up to which revision a kind's watch has told everything. */
  readonly #told = new Map<string, number>();
  #onChange = () => {};
  #following: Promise<void>[] = [];

  constructor(client: () => Client, kinds: readonly unknown[]) {
    this.#client = client;
    this.#kinds = kinds as Kind<KubeObject>[];
  }

  /** Resolves when the first copy of each kind is complete. */
  async start(): Promise<void> {
    const revisions = await Promise.all(this.#kinds.map((kind) => this.#catchUp(kind)));
    this.#following = this.#kinds.map((kind, index) => this.#follow(kind, revisions[index] ?? '0'));
  }

  get count(): number {
    return this.#all.length;
  }

  of<T extends KubeObject>(kind: Kind<T>): T[] {
    return [...(this.#known.get(kind.kind)?.values() ?? [])] as T[];
  }

  /** Resolves as soon as the question is answered with yes, asked after every change; false after the time. */
  async when(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    const found = Promise.withResolvers<boolean>();
    const earlier = this.#onChange;
    this.#onChange = () => {
      earlier();
      if (isSo()) found.resolve(true);
    };
    const timer = setTimeout(() => found.resolve(isSo()), timeoutMs);
    this.#onChange();
    return found.promise.finally(() => {
      clearTimeout(timer);
      this.#onChange = earlier;
    });
  }

  stop(): void {
    this.#stop.abort(new Error('nobody looks any more'));
  }

  /** Ends the watches and answers all, up to what is there now. Steps are as small as is known. */
  async close(): Promise<Happening[][]> {
    this.stop();
    await Promise.all(this.#following);
    for (const kind of this.#kinds) await this.#catchUp(kind);
    return inSteps(this.#all);
  }

  async #follow(kind: Kind<KubeObject>, first: string): Promise<void> {
    const { signal } = this.#stop;
    let revision = first;
    while (!signal.aborted) {
      try {
        for await (const event of this.#client().watch(kind, { resourceVersion: revision }, signal)) {
          revision = event.object.metadata.resourceVersion ?? revision;
          this.#told.set(kind.kind, Number(revision));
          if (event.type === 'BOOKMARK') continue;
          const { metadata } = event.object;
          const gone = event.type === 'DELETED';
          this.#note(kind, metadata.uid ?? '', gone ? undefined : event.object, Number(revision), Number(revision));
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) revision = (await this.#catchUp(kind).catch(() => undefined)) ?? revision;
        // Whether the server is there again can only be asked.
        else await systemClock.sleep(50, signal).catch(() => {});
      }
    }
  }

  async #catchUp(kind: Kind<KubeObject>): Promise<string> {
    const { items, metadata } = await this.#client().list(kind);
    const known = this.#known.get(kind.kind) ?? new Map<string, KubeObject>();
    const to = Number(metadata.resourceVersion);
    const revisionOf = (object: KubeObject) => object.metadata.resourceVersion;
    const changed = items.filter(
      (item) => revisionOf(known.get(item.metadata.uid ?? '') ?? emptyObject) !== revisionOf(item),
    );
    const there = new Set(items.map((item) => item.metadata.uid));
    // What a broken connection had brought, but nobody had read yet, is lost: of other kinds later changes may be known.
    const from = Math.min(to, (this.#told.get(kind.kind) ?? to) + 1);
    this.#told.set(kind.kind, to);
    for (const uid of [...known.keys()]) if (!there.has(uid)) this.#note(kind, uid, undefined, from, to);
    for (const item of changed) this.#note(kind, item.metadata.uid ?? '', item, from, to);
    return metadata.resourceVersion;
  }

  #note({ kind }: Kind<KubeObject>, uid: string, object: KubeObject | undefined, from: number, to: number): void {
    const known = this.#known.get(kind) ?? new Map<string, KubeObject>();
    this.#known.set(kind, known);
    if (object) known.set(uid, object);
    else known.delete(uid);
    this.#all.push({ kind, uid, object, from, to });
    this.#onChange();
  }
}

const emptyObject: KubeObject = { apiVersion: '', kind: '', metadata: { name: '' } };

/** Where intervals of revisions overlap nobody knows what came first: that is one step. */
function inSteps(all: readonly Happening[]): Happening[][] {
  const steps: Happening[][] = [];
  let end = -1;
  for (const happening of all.toSorted((one, other) => one.from - other.from || one.to - other.to)) {
    if (happening.from <= end) steps.at(-1)?.push(happening);
    else steps.push([happening]);
    end = Math.max(end, happening.to);
  }
  return steps;
}
