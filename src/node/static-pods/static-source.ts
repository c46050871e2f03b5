// What keeps a node's static pods as its manifests have them: the folder is read and watched, and mirrors are kept.

import { runBeside } from '../../base/component.ts';
import { ManifestFolder } from './manifest-folder.ts';
import { MirrorPods, type MirrorPodsOptions } from './mirror-pods.ts';

export interface StaticSourceOptions extends MirrorPodsOptions {
  /** The folder, or one file. */
  path: string;
  nodeName: string;
  /** Says something of the node in an event. */
  tell(reason: string, message: string): void;
}

/** Resolves when the manifests have been read for the first time. */
export async function startStaticSource(options: StaticSourceOptions, signal: AbortSignal): Promise<void> {
  const { path, nodeName, clock, statics, log, tell } = options;
  const folder = new ManifestFolder({
    path,
    nodeName,
    clock,
    onFault: (file, fault) => {
      log.warn('a manifest is left out', { file, fault });
      tell('FailedValidation', `Error validating static pod manifest ${file}, ignoring: ${fault}`);
    },
    onChange: (pods) => statics.want(pods),
  });
  await folder.scan();
  runBeside(folder.run(signal), signal, log, 'manifests');
  runBeside(new MirrorPods(options).run(signal), signal, log, 'mirror pods');
}
