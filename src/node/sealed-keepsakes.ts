// What pods were given that must not lie on the disk as it is: config maps, secrets and tokens, each a file that is sealed
// with a key made of the node's own (docs/adr/0016 says what that protects against). A file of another key is as good as none.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { FileKeeper } from '../base/file-keeper.ts';
import { removeParts } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import type { Keepsakes } from './volumes/object-source.ts';

const cipherName = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface SealedKeepsakesOptions {
  dataDir: string;
  /** What the key is made of. */
  nodeKeyPem: string;
  log: Log;
  clock?: Clock;
  /** While it holds nothing is dropped: what ends then, and of which nobody may have been told, may begin again in the next life. */
  isGoingDown?: () => boolean;
}

export class SealedKeepsakes implements Keepsakes {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #log: Log;
  readonly #isGoingDown: () => boolean;
  /** What has been written in this life, lest it is written again: a digest by path. */
  readonly #written = new Map<string, string>();
  readonly #files: FileKeeper;

  constructor(options: SealedKeepsakesOptions) {
    const { dataDir, nodeKeyPem, log, clock = systemClock, isGoingDown = () => false } = options;
    this.#folder = join(dataDir, 'keepsakes');
    this.#key = new Uint8Array(hkdfSync('sha256', nodeKeyPem, '', 'wherry keepsakes', keyBytes));
    this.#log = log;
    this.#isGoingDown = isGoingDown;
    this.#files = new FileKeeper({ clock, log });
  }

  async find(owner: string, name: string): Promise<string | undefined> {
    const path = this.#pathOf(owner, name);
    try {
      return unsealed(await readFile(path), this.#key, markOf(owner, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn('a keepsake cannot be read', { owner, path, error });
      return undefined;
    }
  }

  keep(owner: string, name: string, text: string): void {
    const path = this.#pathOf(owner, name);
    const digest = digestOf(text);
    if (this.#written.get(path) === digest) return;
    this.#written.set(path, digest);
    this.#files.write(path, sealed(text, this.#key, markOf(owner, name)));
  }

  drop(owner: string): void {
    if (this.#isGoingDown()) return;
    const folder = join(this.#folder, digestOf(owner));
    for (const path of this.#written.keys()) if (path.startsWith(`${folder}/`)) this.#written.delete(path);
    this.#files.remove(folder);
  }

  /** Drops what an earlier life kept of others than these: they left while nobody looked. */
  async retain(owners: Iterable<string>): Promise<void> {
    const folders = new Set([...owners].map(digestOf));
    for (const folder of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, folder);
      const isOfThisLife = [...this.#written.keys()].some((file) => file.startsWith(`${path}/`));
      if (folders.has(folder) || isOfThisLife) await removeParts(path);
      else this.#files.remove(path);
    }
  }

  /** Resolves when all that was kept so far is on disk, if the disk takes it. */
  async settled(): Promise<void> {
    await this.#files.settled();
  }

  #pathOf(owner: string, name: string): string {
    return join(this.#folder, digestOf(owner), digestOf(name));
  }
}

/** Bound to a file's text, so that no file can be put in another's place. */
const markOf = (owner: string, name: string) => Buffer.from(`${owner}\0${name}`);

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

function sealed(text: string, key: Uint8Array, mark: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key, nonce).setAAD(mark);
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), content]);
}

function unsealed(bytes: Uint8Array, key: Uint8Array, mark: Uint8Array): string {
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv(cipherName, key, nonce).setAAD(mark);
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
}
