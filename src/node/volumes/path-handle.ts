// A file or folder that is held open, so that what lies below it is reached from it and by no path that somebody else could
// bend meanwhile. Holds: no symbolic link is ever followed.
import { constants, type Stats } from 'node:fs';
import { chmod, type FileHandle, lchown, mkdir, open, readdir } from 'node:fs/promises';

/** Linux' O_PATH, which Node does not name: a hold on a file without opening it, be it a pipe or a device. */
const onlyPath = 0o10000000;
const flags = onlyPath | constants.O_NOFOLLOW;

export class PathHandle implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<PathHandle> {
    return new PathHandle(await open(path, flags));
  }

  /** What is open here, as a path that leads to nothing else. Only as long as it is held. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#file.fd}`;
  }

  stat(): Promise<Stats> {
    return this.#file.stat();
  }

  names(): Promise<string[]> {
    return readdir(this.path);
  }

  child(name: string): Promise<PathHandle> {
    return PathHandle.open(`${this.path}/${name}`);
  }

  async makeFolder(name: string, mode: number): Promise<PathHandle> {
    await mkdir(`${this.path}/${name}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const made = await this.child(name);
    await made.chmod(mode); // whatever the umask
    return made;
  }

  async chmod(mode: number): Promise<void> {
    if (!(await this.stat()).isSymbolicLink()) await chmod(this.path, mode);
  }

  async chownChild(name: string, owner: { uid: number; gid: number }): Promise<void> {
    await lchown(`${this.path}/${name}`, owner.uid, owner.gid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
