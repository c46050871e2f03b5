// A volume that gathers tokens, config maps, secrets and fields of the pod in one folder, in memory. Tokens are made anew
// before they end, and the one that is there goes on being used while no newer one can be had.
import { shownFile } from './atomic-folder.ts';
import { configMapFiles } from './config-map-volume.ts';
import { downwardFiles } from './downward-api.ts';
import { commonUser } from './ownership.ts';
import type { Payload } from './payload.ts';
import { secretFiles } from './secret-volume.ts';
import { renewalAtMs } from './service-account-tokens.ts';
import { showFiles, usualMode } from './shown-files.ts';
import type { Volume, VolumeOrder, VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type TokenSource = NonNullable<Source['serviceAccountToken']>;
interface Gathered {
  files: Payload;
  renewAtMs?: number;
}

const usualTokenSeconds = 3600;
const onlyOwner = 0o600;
/** Not all tokens that were made together are renewed together. */
const renewalSpreadMs = 10_000;
const retryMs = 10_000;

const liveFolder = (order: VolumeOrder) => order.secretFolder('projected');

export const projectedVolume: VolumeType = {
  liveFolder,
  setUp: async (order) => {
    const { sources = [], defaultMode = usualMode } = order.volume.projected ?? {};
    const folder = liveFolder(order);
    const gathered = await allOf(sources.map((source) => gather(order, source, folder, defaultMode)));
    const payload: Payload = new Map(gathered.flatMap(({ files }) => [...files]));
    const renewals = gathered.flatMap(({ renewAtMs }) => renewAtMs ?? []);
    const ready = await showFiles(order, folder, payload);
    return { ...ready, ...(renewals.length > 0 && { renewAtMs: Math.min(...renewals) }) };
  },
};

/** Every source that has a problem is named. */
async function allOf(gathering: Promise<Gathered>[]): Promise<Gathered[]> {
  const outcomes = await Promise.allSettled(gathering);
  const problems = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
  if (problems.length === 0) return Promise.all(gathering);
  const texts = [...new Set(problems.map(({ message }) => message))];
  throw new VolumeProblem(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
}

async function gather(order: VolumeOrder, source: Source, folder: string, defaultMode: number): Promise<Gathered> {
  const { serviceAccountToken, configMap, secret, downwardAPI } = source;
  if (serviceAccountToken) return gatherToken(order, serviceAccountToken, folder, defaultMode);
  if (configMap) return { files: await configMapFiles(order, configMap, defaultMode) };
  if (secret) return { files: await secretFiles(order, secret, defaultMode) };
  if (downwardAPI) return { files: downwardFiles(order, downwardAPI.items ?? [], defaultMode) };
  const [type = 'unknown'] = Object.keys(source);
  throw new VolumeProblem(`this agent cannot project ${type} sources yet`);
}

async function gatherToken(
  order: VolumeOrder,
  { audience, expirationSeconds = usualTokenSeconds, path }: TokenSource,
  folder: string,
  defaultMode: number,
): Promise<Gathered> {
  const { pod, world } = order;
  const nowMs = world.clock.now();
  const uid = commonUser(pod);
  const isOwned = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  const asFile = (token: string, renewAtMs: number): Gathered => ({
    files: new Map([[path, { content: Buffer.from(token), mode: isOwned ? onlyOwner : defaultMode, uid }]]),
    renewAtMs,
  });
  const there = await shownFile(folder, path);
  const dueMs = renewalAtMs(there);
  if (there && dueMs !== undefined && dueMs > nowMs) return asFile(there, dueMs);
  try {
    const token = await world.tokens.token(pod, { audiences: audience ? [audience] : [], expirationSeconds });
    const renewAtMs = renewalAtMs(token) ?? nowMs + retryMs;
    // One out of the memory of better times may be over: another is asked for soon.
    return asFile(token, Math.max(nowMs + retryMs, renewAtMs - Math.random() * renewalSpreadMs));
  } catch (error) {
    if (there === undefined) throw error;
    return asFile(there, nowMs + retryMs);
  }
}
