// Hands out the addresses of the node's pod network. An address is taken as long as its file exists; the file is named for the
// address, made exclusively, and holds the pod's uid. Holds: no address belongs to two pods, also when the agent dies midway.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressInRange, isInRange, rangeSize } from '../../api/cluster-settings.ts';
import { removeFile } from '../../base/files.ts';

export class AddressAllocator {
  readonly #folder: string;
  readonly #podCidr: string;
  readonly #owners = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  /** The place from which the search goes on: an address that was given back rests as long as possible. */
  #next: number;

  private constructor(folder: string, podCidr: string) {
    this.#folder = folder;
    this.#podCidr = podCidr;
    this.#next = firstPlace;
  }

  /** Reads what was handed out before. */
  static async load(folder: string, podCidr: string): Promise<AddressAllocator> {
    const allocator = new AddressAllocator(folder, podCidr);
    await mkdir(folder, { recursive: true });
    for (const address of await readdir(folder)) await allocator.#adopt(address);
    return allocator;
  }

  addressOf(podUid: string): string | undefined {
    return this.#addresses.get(podUid);
  }

  /** The pods that have an address. */
  owners(): string[] {
    return [...this.#addresses.keys()];
  }

  /** The pod's address: the one that it has, else a free one. */
  async allocate(podUid: string): Promise<string> {
    const known = this.#addresses.get(podUid);
    if (known) return known;
    const places = rangeSize(this.#podCidr) - 1 - firstPlace;
    for (let tries = 0; tries < places; tries++) {
      const address = addressInRange(this.#podCidr, this.#next);
      this.#next = this.#next - firstPlace + 1 < places ? this.#next + 1 : firstPlace;
      if (this.#owners.has(address)) continue;
      this.#note(address, podUid);
      const path = join(this.#folder, address);
      try {
        await writeFile(path, podUid, { flag: 'wx', mode: 0o600 });
        return address;
      } catch (error) {
        this.#forget(address, podUid);
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        // A full disk takes the file and not what is in it.
        await removeFile(path).catch(() => {});
        throw error;
      }
    }
    throw new Error(
      `no address is free in ${this.#podCidr}, the pod network of this node: all ${places} are given to pods. Let fewer run here (--max-pods)`,
    );
  }

  async release(podUid: string): Promise<void> {
    const address = this.#addresses.get(podUid);
    if (!address) return;
    await removeFile(join(this.#folder, address));
    this.#forget(address, podUid);
  }

  async #adopt(address: string): Promise<void> {
    const path = join(this.#folder, address);
    const podUid = await readFile(path, 'utf8');
    // Without an owner it never left this place: we died between making and writing the file.
    const usable = podUid !== '' && isInRange(address, this.#podCidr) && !this.#addresses.has(podUid);
    if (!usable) return await removeFile(path);
    this.#note(address, podUid);
    const place = placeIn(this.#podCidr, address) + 1;
    if (place > this.#next && place < rangeSize(this.#podCidr) - 1) this.#next = place;
  }

  #note(address: string, podUid: string): void {
    this.#owners.set(address, podUid);
    this.#addresses.set(podUid, address);
  }

  #forget(address: string, podUid: string): void {
    this.#owners.delete(address);
    this.#addresses.delete(podUid);
  }
}

/** The range itself and the bridge come first. */
const firstPlace = 2;

function placeIn(cidr: string, address: string): number {
  const value = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return value(address) - value(addressInRange(cidr, 0));
}
