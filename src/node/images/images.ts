// All that an agent does about the images of its host: brings them, loads what lies in a folder, removes what nobody uses.
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { readFileIfThere } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';
import { loadImageFolder } from './image-folder.ts';
import { ImageGarbage } from './image-garbage.ts';
import type { GarbageThresholds } from './image-garbage-plan.ts';
import { ImageLedger } from './image-ledger.ts';
import { ImagePuller } from './image-puller.ts';
import type { ImageStore } from './image-store.ts';
import { noRegistries, parseRegistries, type Registries } from './registries.ts';

export interface ImageSettings {
  /** Its archives are loaded at start. */
  imagesDir: string;
  registriesFile: string;
  garbage: GarbageThresholds;
}

export interface ImagesOptions {
  store: ImageStore;
  dataDir: string;
  settings: ImageSettings;
  clock: Clock;
  log: Log;
  /** There are other images than before. */
  onChange(): void;
  /** Tells of the node. */
  tell(reason: string, message: string): void;
}

export class Images {
  readonly store: ImageStore;
  readonly puller: ImagePuller;
  readonly garbage: ImageGarbage;
  readonly #options: ImagesOptions;

  private constructor(options: ImagesOptions, ledger: ImageLedger) {
    const { store, settings, onChange } = options;
    const registries = () => readRegistries(settings.registriesFile);
    this.#options = options;
    this.store = store;
    this.puller = new ImagePuller({ ...options, ledger, registries, onPulled: onChange });
    this.garbage = new ImageGarbage({ ...options, ledger, thresholds: settings.garbage, onRemoved: onChange });
  }

  static async open(options: ImagesOptions): Promise<Images> {
    const { dataDir, log, settings } = options;
    await readRegistries(settings.registriesFile).catch((error: unknown) =>
      log.warn('no image can be pulled until this is mended', { error }),
    );
    return new Images(options, await ImageLedger.open({ dataDir, log }));
  }

  async loadFolder(signal: AbortSignal): Promise<void> {
    const { store, dataDir, settings, log } = this.#options;
    const noteFile = join(dataDir, 'images-loaded.json');
    await loadImageFolder({ folder: settings.imagesDir, noteFile, store, log }, signal);
  }
}

async function readRegistries(file: string): Promise<Registries> {
  const text = await readFileIfThere(file);
  if (text === undefined) return noRegistries;
  try {
    return parseRegistries(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
