// The pod's own fields, and the resources of its containers, as files.
import type { Pod } from '../../api/kinds/pod.ts';
import { ConfigProblem, fieldValue } from '../pods/container-env.ts';
import { type ResourceField, resourceFieldValue } from '../pods/resource-field.ts';
import { quoted } from './go-quote.ts';
import type { Payload } from './payload.ts';
import { showFiles, usualMode } from './shown-files.ts';
import type { VolumeOrder, VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

interface FieldItem {
  path: string;
  mode?: number | undefined;
  fieldRef?: { fieldPath: string } | undefined;
  resourceFieldRef?: (ResourceField & { containerName?: string | undefined }) | undefined;
}

const liveFolder = (order: VolumeOrder) => order.secretFolder('downward-api');

export const downwardApiVolume: VolumeType = {
  liveFolder,
  setUp: async (order) => {
    const { items, defaultMode = usualMode } = order.volume.downwardAPI ?? {};
    return showFiles(order, liveFolder(order), downwardFiles(order, items ?? [], defaultMode));
  },
};

export function downwardFiles({ pod, world }: VolumeOrder, items: FieldItem[], defaultMode: number): Payload {
  const { allocatable } = world.node();
  return new Map(
    items.map((item) => {
      const content = Buffer.from(itemText(pod, item, allocatable));
      return [item.path, { content, mode: item.mode ?? defaultMode }];
    }),
  );
}

function itemText(
  pod: Pod,
  { path, fieldRef, resourceFieldRef }: FieldItem,
  allocatable: Record<string, string>,
): string {
  if (fieldRef) return fieldText(pod, fieldRef.fieldPath);
  if (!resourceFieldRef) throw new VolumeProblem(`${path} refers to no field`);
  const { containerName = '' } = resourceFieldRef;
  const { initContainers = [], containers } = pod.spec;
  const container = [...initContainers, ...containers].find(({ name }) => name === containerName);
  if (!container) throw new VolumeProblem(`container ${containerName} not found`);
  const value = resourceFieldValue(pod, container, resourceFieldRef, allocatable);
  if (value === undefined) throw new VolumeProblem(`unsupported container resource : ${resourceFieldRef.resource}`);
  return value;
}

/** Whole maps are written as lines of key="value". */
export function fieldText(pod: Pod, path: string): string {
  const map = /^metadata\.(labels|annotations)$/.exec(path)?.[1] as 'labels' | 'annotations' | undefined;
  if (!map) return singleField(pod, path);
  const entries = Object.entries(pod.metadata[map] ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, value]) => `${key}=${quoted(value)}`).join('\n');
}

function singleField(pod: Pod, path: string): string {
  try {
    return fieldValue(pod, path, { podAddress: '', hostAddress: '' });
  } catch (error) {
    throw error instanceof ConfigProblem ? new VolumeProblem(error.message) : error;
  }
}

/** What of a pod its volumes may show, as one text to compare. */
export function shownFields({ metadata: { labels, annotations } }: Pod): string {
  return JSON.stringify([labels, annotations]);
}
