// Keeps in the cluster what the files of the manifests folder say. Every file is a set of objects (api/manifest-set.ts): its kinds are noted
// before its objects are made, so that whatever is killed in between, none is forgotten. Holds: nothing is taken away for a file
// that cannot be read or applied whole, nor what another file says.
import { mkdir, stat } from 'node:fs/promises';
import { groupKindOf, partOfLabel, setIdOf } from '../../api/manifest-set.ts';
import type { KubeObject } from '../../api/meta.ts';
import { StatusError } from '../../api/status.ts';
import { Backoff } from '../../base/backoff.ts';
import { runBeside } from '../../base/component.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { ManifestFault, type ManifestObject, readManifest, titleOf } from './manifest-file.ts';
import { ManifestFiles } from './manifest-files.ts';
import { fieldManager, ManifestLedger } from './manifest-ledger.ts';
import { deleteMember, type Member, membersOf, releaseMember } from './manifest-members.ts';

/** Who writes a file in parts, or moves it, is given this time before anything is deleted for it. */
const beforeDeletionMs = 5_000;

/** A file that is there: what it says, or said before it was broken. */
interface KnownFile {
  objects: readonly ManifestObject[];
  fault?: string;
}

export function manifestsController(context: ControllerContext): Controller {
  const { client, clock } = context;
  const { folder, prunes } = context.manifests;
  const log = context.log.named('manifests');
  const ledger = new ManifestLedger({ client, events: context.recorder(fieldManager), log });
  const queue = context.workQueue({ name: 'manifests', log, clock, sync: syncFile });
  const backoff = new Backoff({ firstMs: 250, ceilingMs: 60_000 });
  /** In the order in which they were first seen: of two files that say the same object the first counts. */
  const files = new Map<string, KnownFile>();
  /** Since when a file is as it is, or is not there. */
  const changedAtMs = new Map<string, number>();
  /** Changed, and nothing was told of that yet. */
  const news = new Set<string>();

  async function syncFile(file: string): Promise<void> {
    const known = files.get(file);
    const faults = known ? await applyFile(file, known) : await forgetFile(file);
    if (faults.length > 0) queue.addAfter(file, backoff.nextMs(file));
    else backoff.forget(file);
  }

  /** What did not go well. */
  async function applyFile(file: string, { objects, fault }: KnownFile): Promise<string[]> {
    const isNew = news.delete(file);
    const before = ledger.get(file);
    if (fault !== undefined) {
      await ledger.tell({ file, kinds: [], ...before, fault }, isNew);
      return [];
    }
    const ownKinds = [...new Set(objects.flatMap(({ kind }) => (kind ? [groupKindOf(kind)] : [])))];
    const kinds = [...new Set([...ownKinds, ...(before?.kinds ?? [])])];
    await ledger.note({ ...before, file, kinds });
    const faults = await each(objects, (object) => applyObject(file, object));
    const strays = faults.length > 0 ? [] : await strayMembers(file, kinds);
    const isEarly = strays.length > 0 && queueWhenRested(file);
    if (!isEarly) faults.push(...(await each(strays, (member) => deleteMember(client, member))));
    const isDone = faults.length === 0 && !isEarly;
    const now = { file, objects: objects.length, kinds: isDone ? ownKinds : kinds };
    await ledger.tell(faults.length > 0 ? { ...now, fault: faults.join('; ') } : now, isNew);
    return faults;
  }

  async function applyObject(file: string, { kind, object, key }: ManifestObject): Promise<void> {
    const [first] = [...files].find(([, { objects }]) => objects.some((each) => each.key === key)) ?? [];
    if (first !== file) throw new ManifestFault(`${first} says this object, too, and counts`);
    if (!kind) throw new ManifestFault(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
    const labels = { ...object.metadata.labels, [partOfLabel]: setIdOf(file) };
    const draft = { ...object, metadata: { ...object.metadata, labels } };
    await client.apply(kind, draft, { fieldManager, force: true });
  }

  /** The file is gone: so are its objects where that is wanted, and else they are nobody's from now on. */
  async function forgetFile(file: string): Promise<string[]> {
    const set = ledger.get(file);
    // It may be there, and not have come to rest yet.
    if (!set || watched.has(file) || queueWhenRested(file)) return [];
    const members = await strayMembers(file, set.kinds);
    const end = prunes ? deleteMember : releaseMember;
    const faults = await each(members, (member) => end(client, member));
    if (faults.length > 0) {
      await ledger.tell({ ...set, fault: `the file is gone; ${faults.join('; ')}` }, false);
      return faults;
    }
    await ledger.forget(set);
    changedAtMs.delete(file);
    log.info('a manifest is gone', { file, [prunes ? 'deleted' : 'kept']: members.length });
    return [];
  }

  /** The objects of the file's set that no file says any more. */
  async function strayMembers(file: string, kinds: readonly string[]): Promise<Member[]> {
    const said = new Set([...files.values()].flatMap(({ objects }) => objects.map(({ key }) => key)));
    return (await membersOf(client, file, kinds)).filter(({ key }) => !said.has(key));
  }

  /** False where it is time to delete for the file as it is. */
  function queueWhenRested(file: string): boolean {
    const restMs = (changedAtMs.get(file) ?? 0) + beforeDeletionMs - clock.monotonicMs();
    if (restMs > 0) queue.addAfter(file, restMs);
    return restMs > 0;
  }

  function changed(file: string): void {
    changedAtMs.set(file, clock.monotonicMs());
    backoff.forget(file);
    queue.add(file);
  }

  const watched = new ManifestFiles({
    folder,
    clock,
    onFile: async (file, read) => {
      const before = files.get(file)?.objects ?? [];
      files.set(file, { objects: before, ...('fault' in read ? read : await knownIn(read.text)) });
      news.add(file);
      changed(file);
    },
    onGone: (file) => {
      files.delete(file);
      changed(file);
    },
    onTold: () => {
      // What one file lacked another may have now; and files may have gone while nobody looked.
      for (const { file, fault } of ledger.all()) if (fault !== undefined || !files.has(file)) queue.add(file);
    },
    onFolderFault: (fault) => log.warn('the manifests folder cannot be read: nothing changes', { folder, fault }),
  });

  async function run(signal: AbortSignal): Promise<void> {
    await ledger.learn();
    // A folder of which something is known and that is not there is a mistake: an empty one would say that all its files are gone.
    if (ledger.all().length === 0 && !(await isThere(folder))) await mkdir(folder, { recursive: true, mode: 0o700 });
    queue.start(signal);
    await watched.run(signal);
  }

  return { name: 'manifests', start: (signal) => runBeside(run(signal), signal, log, 'manifests') };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function knownIn(text: string): Promise<KnownFile | { fault: string }> {
  try {
    return { objects: await readManifest(text) };
  } catch (error) {
    if (error instanceof ManifestFault) return { fault: error.message };
    throw error;
  }
}

/** Does it to all of them. What the API, or a file, has against some is answered; anything else is thrown. */
async function each<T extends { object: KubeObject }>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const one of all) {
    try {
      await work(one);
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof ManifestFault)) throw error;
      faults.push(`${titleOf(one.object)}: ${error.message}`);
    }
  }
  return faults;
}
