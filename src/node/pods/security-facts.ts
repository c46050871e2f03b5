// Looks up what a container's security depends on outside its manifest: as a rule nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Runtime } from '../runtime.ts';
import { localSeccompProfile, needsAppArmor, needsImageUser, type SecurityFacts } from './container-security.ts';

export interface SecuritySettings {
  /** Where the profiles lie that manifests name. */
  seccompFolder: string;
  isSeccompDefault: boolean;
}

export async function observeSecurity(
  pod: Pod,
  container: Container,
  { runtime, image, seccompFolder, isSeccompDefault }: SecuritySettings & { runtime: Runtime; image: string },
): Promise<SecurityFacts> {
  const facts: SecurityFacts = { isSeccompDefault };
  if (needsImageUser(pod, container)) facts.imageUser = await runtime.imageUser(image);
  if (needsAppArmor(pod, container)) facts.hasAppArmor = await runtime.hasAppArmor();
  const profile = localSeccompProfile(pod, container);
  if (profile !== undefined) facts.seccompProfile = await readProfile(join(seccompFolder, profile));
  return facts;
}

/** As one line of JSON, which is how the engine is given it. */
async function readProfile(path: string): Promise<string> {
  try {
    return JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new Error(`cannot load seccomp profile "${path}": ${(error as Error).message}`, { cause: error });
  }
}
