// A volume that gathers tokens, config maps, secrets and fields of the pod in one folder, in memory. Tokens are made anew
// before they end, and the one that is there goes on being used while no newer one can be had.
import { shownFile } from './atomic-folder.ts';
import { configMapFiles } from './config-map-volume.ts';
import { downwardFiles } from './downward-api.ts';
import { inMemory } from './file-calls.ts';
import { commonUser } from './ownership.ts';
import type { Payload } from './payload.ts';
import { secretFiles } from './secret-volume.ts';
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
  const uid = commonUser(pod);
  const isOwned = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  const wanted = { audiences: audience ? [audience] : [], expirationSeconds };
  const { token, renewAtMs } = await world.tokens.current(pod, wanted, () => shownFile(folder, path, inMemory));
  const mode = isOwned ? onlyOwner : defaultMode;
  return { files: new Map([[path, { content: Buffer.from(token), mode, uid }]]), renewAtMs };
}
