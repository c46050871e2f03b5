// Why a container says that it ended: what it wrote into its own file, or, where its manifest asks for it, the end of its
// log. Read once, when it has ended.
import type { ObservedContainer, Runtime } from '../runtime.ts';
import { readMessage } from './container-files.ts';
import { podContainer } from './pod-containers.ts';
import type { PodFiles } from './pod-files.ts';
import type { PodView } from './pod-view.ts';

const fileBytes = 4096;
const log = { bytes: 2048, lines: 80 };
const logTimeoutMs = 5_000;

export interface MessageSources {
  files: PodFiles;
  runtime: Runtime;
}

/** Reads what is not known yet of the containers that have ended. */
export async function observeMessages({ pod, containers, memory }: PodView, sources: MessageSources): Promise<void> {
  for (const ended of containers) {
    if (ended.state !== 'exited' || ended.startError || memory.messages.has(ended.id)) continue;
    const listed = pod && podContainer(pod, ended.name);
    if (!listed) continue;
    const message = await messageOf(ended, listed.container.terminationMessagePolicy, sources).catch(
      (error: Error) => `Error on reading termination message: ${error.message}`,
    );
    memory.messages.set(ended.id, message);
  }
}

async function messageOf(
  ended: ObservedContainer,
  policy: string | undefined,
  { files, runtime }: MessageSources,
): Promise<string> {
  const written = await readMessage(files.folderOf(ended.podUid), ended, fileBytes);
  if (written || policy !== 'FallbackToLogsOnError' || ended.exitCode === 0) return written;
  const options = {
    until: undefined,
    timestamps: false,
    stream: 'all',
    tailLines: log.lines,
    sinceMs: undefined,
  } as const;
  let last = Buffer.alloc(0);
  for await (const chunk of runtime.logs(ended, options, AbortSignal.timeout(logTimeoutMs)))
    last = Buffer.concat([last, chunk]).subarray(-log.bytes);
  return last.toString();
}
