// The volumes of a pod: each has a name of its own and exactly one source.

import { checkNoBacksteps } from '../../path-rules.ts';
import { parseQuantity } from '../../quantity.ts';
import {
  type Cause,
  type Causes,
  checkName,
  checkOneOf,
  checkRequiredOneOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
  required,
} from '../../validation.ts';
import { validateClaimTemplate } from './claim-template.ts';
import { foreignSources } from './foreign-volumes.ts';
import { validateProjectedSources } from './projected-volume.ts';
import type { PodSpec, Volume } from './types.ts';
import { checkMode, validateDownwardFile, validateKeyToPath } from './volume-files.ts';

export const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

interface VolumeOwner {
  isPod: boolean;
  podName: string | undefined;
}

/** What is wrong with the volumes, and those that may be mounted: the ones without a fault. */
export function checkVolumes(
  spec: PodSpec,
  at: string,
  owner: VolumeOwner,
): { causes: Cause[]; usable: Map<string, Volume> } {
  const causes: Cause[] = [];
  const usable = new Map<string, Volume>();
  const volumes = spec.volumes ?? [];
  const made = new Set(volumes.filter(({ ephemeral }) => ephemeral).map(({ name }) => `${owner.podName}-${name}`));
  for (const [index, volume] of volumes.entries()) {
    const here = `${at}[${index}]`;
    const faults = [...validateSources(volume, here, owner), ...checkVolumeName(volume, here, usable)];
    if (faults.length === 0) usable.set(volume.name, volume);
    causes.push(...faults);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (owner.podName && claimName && made.has(claimName)) {
      const refusal = 'must not reference a PVC that gets created for an ephemeral volume';
      causes.push(invalid(`${here}.persistentVolumeClaim.claimName`, claimName, refusal));
    }
  }
  return { causes, usable };
}

function* checkVolumeName({ name }: Volume, at: string, taken: Map<string, Volume>): Causes {
  if (!name) yield required(`${at}.name`);
  else yield* checkName(`${at}.name`, name, dnsLabelFaults);
  if (taken.has(name)) yield duplicate(`${at}.name`, name);
}

type SourceName = Exclude<keyof Volume, 'name'>;
type SourceCheck<S extends SourceName> = (
  source: NonNullable<Volume[S]>,
  at: string,
  owner: VolumeOwner,
  name: string,
) => Causes;

/** In the order in which Kubernetes looks at them: the first one counts. */
const sources: { readonly [S in SourceName]: SourceCheck<S> } = {
  *emptyDir({ sizeLimit }, at) {
    const limit = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit);
    if (limit && limit.nano < 0n) {
      yield forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
    }
  },
  *hostPath({ path, type }, at) {
    if (!path) {
      yield required(`${at}.path`);
      return;
    }
    yield* checkNoBacksteps(`${at}.path`, path);
    yield* checkOneOf(`${at}.type`, type, hostPathTypes);
  },
  gitRepo: foreignSources.gitRepo,
  gcePersistentDisk: foreignSources.gcePersistentDisk,
  awsElasticBlockStore: foreignSources.awsElasticBlockStore,
  *secret({ secretName, defaultMode, items = [] }, at) {
    if (!secretName) yield required(`${at}.secretName`);
    yield* checkMode(`${at}.defaultMode`, defaultMode);
    for (const [index, item] of items.entries()) yield* validateKeyToPath(item, `${at}.items[${index}]`);
  },
  nfs: foreignSources.nfs,
  iscsi: foreignSources.iscsi,
  glusterfs: foreignSources.glusterfs,
  flocker: foreignSources.flocker,
  *persistentVolumeClaim({ claimName }, at) {
    if (!claimName) yield required(`${at}.claimName`);
  },
  rbd: foreignSources.rbd,
  cinder: foreignSources.cinder,
  cephfs: foreignSources.cephfs,
  quobyte: foreignSources.quobyte,
  *downwardAPI({ defaultMode, items = [] }, at) {
    yield* checkMode(`${at}.defaultMode`, defaultMode);
    for (const file of items) yield* validateDownwardFile(file, at);
  },
  fc: foreignSources.fc,
  flexVolume: foreignSources.flexVolume,
  *configMap({ name, defaultMode, items = [] }, at) {
    if (!name) yield required(`${at}.name`);
    yield* checkMode(`${at}.defaultMode`, defaultMode);
    for (const [index, item] of items.entries()) yield* validateKeyToPath(item, `${at}.items[${index}]`);
  },
  azureFile: foreignSources.azureFile,
  vsphereVolume: foreignSources.vsphereVolume,
  photonPersistentDisk: foreignSources.photonPersistentDisk,
  portworxVolume: foreignSources.portworxVolume,
  azureDisk: foreignSources.azureDisk,
  storageos: foreignSources.storageos,
  *projected(source, at) {
    yield* checkMode(`${at}.defaultMode`, source.defaultMode);
    yield* validateProjectedSources(source.sources ?? [], at);
  },
  scaleIO: foreignSources.scaleIO,
  csi: foreignSources.csi,
  *ephemeral({ volumeClaimTemplate }, at, { podName }, name) {
    if (volumeClaimTemplate) yield* validateClaimTemplate(volumeClaimTemplate, `${at}.volumeClaimTemplate`);
    else yield required(`${at}.volumeClaimTemplate`);
    if (!podName || !name) return;
    const claim = `${podName}-${name}`;
    for (const fault of dnsSubdomainFaults(claim)) {
      yield invalid(`${at.replace(/\.ephemeral$/, '')}.name`, name, `PVC name "${claim}": ${fault}`);
    }
  },
  *image({ reference, pullPolicy }, at, { isPod }) {
    if (isPod && !reference) yield required(`${at}.reference`);
    yield* checkRequiredOneOf(`${at}.pullPolicy`, pullPolicy, pullPolicies);
  },
};

const sourceNames = Object.keys(sources) as SourceName[];

function* validateSources(volume: Volume, at: string, owner: VolumeOwner): Causes {
  const [first, ...others] = sourceNames.filter((name) => volume[name] !== undefined);
  if (!first) {
    yield required(at, 'must specify a volume type');
    return;
  }
  const check = sources[first] as (source: unknown, at: string, owner: VolumeOwner, name: string) => Causes;
  yield* check(volume[first], `${at}.${first}`, owner, volume.name);
  for (const name of others) yield forbidden(`${at}.${name}`, 'may not specify more than 1 volume type');
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
