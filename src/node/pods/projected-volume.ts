// A volume that gathers tokens, config maps, secrets and fields of the pod in one folder. Tokens are made anew before they
// end. Holds: what stands there already goes on being used while nothing newer can be had.
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import { readFileIfThere } from '../../base/files.ts';
import { fieldValue } from './container-env.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];
type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type Item = { key: string; path: string; mode?: number };

export interface TokenOrder {
  audiences: string[];
  expirationSeconds: number;
}

/** Where content comes from: undefined where there is no such object. */
export interface ProjectionSources {
  configMap(name: string): Promise<Record<string, string> | undefined>;
  secret(name: string): Promise<Record<string, string> | undefined>;
  token(order: TokenOrder): Promise<string>;
  nowMs: number;
}

/** Content cannot be had, for a reason that the pod's owner can do something about. */
export class ProjectionProblem extends Error {}

interface File {
  path: string;
  content: string;
  mode: number;
}

const usualMode = 0o644;
const usualTokenSeconds = 3600;
/** A token is made anew when this part of its life is over, or after a day. */
const renewalPart = 0.8;
const renewalMostSeconds = 24 * 3600;
const retryMs = 10_000;

/** Brings the folder up to date, and answers when it must be looked at again. */
export async function projectVolume(
  pod: Pod,
  { projected }: Volume,
  folder: string,
  sources: ProjectionSources,
): Promise<number | undefined> {
  const mode = projected?.defaultMode ?? usualMode;
  const all = projected?.sources ?? [];
  let files: File[][];
  try {
    files = await Promise.all(all.map((source) => filesOf(pod, source, folder, sources)));
  } catch (error) {
    if (!(await stat(folder).catch(() => undefined))) throw error;
    return sources.nowMs + retryMs;
  }
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const file of files.flat()) await put(folder, { ...file, mode: file.mode || mode });
  const renewals = await Promise.all(tokenPaths(all).map((path) => renewalOf(join(folder, path))));
  const due = renewals.filter((atMs) => atMs !== undefined);
  return due.length > 0 ? Math.min(...due) : undefined;
}

export function hasTokens({ spec }: Pod): boolean {
  return (spec.volumes ?? []).some(({ projected }) => tokenPaths(projected?.sources ?? []).length > 0);
}

const tokenPaths = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ serviceAccountToken }) => serviceAccountToken?.path ?? []);

async function filesOf(pod: Pod, source: Source, folder: string, sources: ProjectionSources): Promise<File[]> {
  const { serviceAccountToken, configMap, secret, downwardAPI } = source;
  if (serviceAccountToken) {
    const { audience, expirationSeconds = usualTokenSeconds, path } = serviceAccountToken;
    const renewAtMs = await renewalOf(join(folder, path));
    if (renewAtMs !== undefined && renewAtMs > sources.nowMs) return [];
    const content = await sources.token({ audiences: audience ? [audience] : [], expirationSeconds });
    return [{ path, content, mode: 0 }];
  }
  if (configMap) return pick(`configmap "${configMap.name}"`, configMap, await sources.configMap(configMap.name ?? ''));
  if (secret) return pick(`secret "${secret.name}"`, secret, await sources.secret(secret.name ?? ''));
  return (downwardAPI?.items ?? []).map(({ path, fieldRef, mode = 0 }) => {
    if (!fieldRef) throw new ProjectionProblem(`${path}: resources of containers cannot be projected yet`);
    return { path, content: fieldText(pod, fieldRef.fieldPath), mode };
  });
}

function pick(
  what: string,
  { items, optional = false }: { items?: Item[]; optional?: boolean },
  data: Record<string, string> | undefined,
): File[] {
  if (!data && !optional) throw new ProjectionProblem(`${what} not found`);
  const chosen: Item[] = items ?? Object.keys(data ?? {}).map((key) => ({ key, path: key }));
  return chosen.flatMap(({ key, path, mode = 0 }) => {
    const content = data?.[key];
    if (content !== undefined) return [{ path, content, mode }];
    if (optional) return [];
    throw new ProjectionProblem(`references non-existent config key: ${key}`);
  });
}

/** Whole maps are written as lines of key="value". */
function fieldText(pod: Pod, path: string): string {
  const map = /^metadata\.(labels|annotations)$/.exec(path)?.[1] as 'labels' | 'annotations' | undefined;
  if (!map) return fieldValue(pod, path, { podAddress: '', hostAddress: '' });
  return Object.entries(pod.metadata[map] ?? {})
    .sort()
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

async function put(folder: string, { path, content, mode }: File): Promise<void> {
  const target = join(folder, path);
  if (!target.startsWith(`${normalize(folder)}/`)) throw new ProjectionProblem(`${path} leads out of the volume`);
  if ((await readFileIfThere(target)) === content) return;
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const part = `${target}.part`;
  await writeFile(part, content);
  await chmod(part, mode); // whatever the umask
  await rename(part, target);
}

/** When the token in a file is to be made anew; undefined where there is none. */
async function renewalOf(path: string): Promise<number | undefined> {
  const payload = (await readFileIfThere(path))?.split('.')[1];
  if (payload === undefined) return undefined;
  const { iat = 0, exp = 0 } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    iat?: number;
    exp?: number;
  };
  return (iat + Math.min(renewalMostSeconds, renewalPart * (exp - iat))) * 1000;
}
