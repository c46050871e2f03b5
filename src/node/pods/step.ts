// What every step works on and with. The steps themselves stand in files by what they act on; `pod-steps.ts` is their table.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Service } from '../../api/kinds/service.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { ImagePuller } from '../images/image-puller.ts';
import type { PodNetwork } from '../pod-network.ts';
import type { PodGroups } from '../resources/pod-groups.ts';
import type { Runtime } from '../runtime.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { ContainerWatch } from './container-watch.ts';
import type { DesiredPods } from './desired-pods.ts';
import type { Step } from './plan.ts';
import { podContainer } from './pod-containers.ts';
import type { PodFiles } from './pod-files.ts';
import type { PodView } from './pod-view.ts';
import type { SecuritySettings } from './security-facts.ts';

export interface PodStepsOptions {
  client: Client;
  runtime: Runtime;
  network: PodNetwork;
  groups: PodGroups;
  watch: ContainerWatch;
  puller: ImagePuller;
  files: PodFiles;
  volumes: PodVolumes;
  desired: Pick<DesiredPods, 'isStatic'>;
  recorder: EventRecorder;
  clock: Clock;
  hostAddress: string;
  security: SecuritySettings;
  /** What the node has for pods. */
  allocatable(): Record<string, string>;
  /** Undefined as long as they are not known. */
  services(): readonly Service[] | undefined;
}

/** A view of a pod that the API has, or had: orphans know only steps that need no manifest. */
export interface Work {
  uid: string;
  view: PodView;
  pod: Pod | undefined;
  planAgain(): void;
  signal: AbortSignal;
}

export type DoStep<K extends Step['kind']> = (step: Extract<Step, { kind: K }>, work: Work) => Promise<void>;
/** How the steps of some kinds are done. */
export type StepTable<K extends Step['kind'] = Step['kind']> = { [Kind in K]: DoStep<Kind> };

export function needed(pod: Pod | undefined): Pod {
  if (!pod) throw new Error('this step needs the manifest of a pod that is gone');
  return pod;
}

export function containerOf(pod: Pod | undefined, name: string): Container {
  const found = podContainer(needed(pod), name);
  if (!found) throw new Error(`the pod has no container ${name}`);
  return found.container;
}

/** An event about one container of the pod. */
export function tellOfContainer(
  recorder: EventRecorder,
  pod: Pod | undefined,
  event: { container: string; type: 'Normal' | 'Warning'; reason: string; message: string },
): void {
  if (!pod) return;
  const { container, type, reason, message } = event;
  const fieldPath = podContainer(pod, container)?.path;
  recorder.record(pod, { type, reason, message, ...(fieldPath && { fieldPath }) });
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
