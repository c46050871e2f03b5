// What the agent needs of the engine's store of images.

export interface ImageInfo {
  id: string;
  /** NAME:TAG */
  tags: string[];
  /** NAME@DIGEST */
  digests: string[];
  sizeBytes: number;
}

export type Credentials =
  | { username: string; password: string }
  | { identityToken: string; username?: string }
  | { registryToken: string };

export interface PullProgress {
  doneBytes: number;
  totalBytes: number;
}

export interface PullOptions {
  credentials: Credentials | undefined;
  onProgress(progress: PullProgress): void;
  signal: AbortSignal;
}

export interface ImageStore {
  /** By name, digest or id; undefined where it is not here. */
  inspect(reference: string): Promise<ImageInfo | undefined>;
  pull(reference: string, options: PullOptions): Promise<void>;
  /** Gives an image one more name. */
  tag(image: string, name: string): Promise<void>;
  /** Takes a name away, or the image with its last name. Answers false where a container keeps it. */
  remove(nameOrId: string): Promise<boolean>;
  list(): Promise<ImageInfo[]>;
  /** The images that any container on this engine is made of, whether it runs and whose ever it is. */
  idsInUse(): Promise<ReadonlySet<string>>;
  /** Takes the images of an archive, as `docker save` writes them; answers their names. */
  load(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<string[]>;
  /** Where the images lie on this host. */
  folder(): Promise<string>;
}
