// All that is known of one pod on this node at one moment: what is wanted, what Docker has, and what the agent remembers.
// What is remembered may be lost at any time: an agent that starts anew finds it again or does it again.
import type { Pod } from '../../api/kinds/pod.ts';
import type { ResourceRequirements } from '../../api/kinds/pod-spec/types.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { ChosenImage } from '../images/image-puller.ts';
import type { ObservedContainer } from '../runtime.ts';

/** `of` is the image as the manifest named it then. */
export type ImageSituation = { of: string } & (
  | { state: 'ready'; image: ChosenImage }
  | { state: 'pulling' }
  | { state: 'failed'; message: string; failedAtMs: number; retryAtMs: number; told: boolean }
  | { state: 'refused'; reason: string; message: string; retryAtMs: number }
);

/** Why something could not be done, as the status tells it, and when it is tried again. */
export interface Problem {
  reason: string;
  message: string;
  retryAtMs: number;
}

/** What the probes of a running container say of it. */
export interface Probed {
  started: boolean;
  ready: boolean;
  /** The probe by which it is to be ended, and the grace that this probe gives it. */
  failure?: { probe: 'startup' | 'liveness'; graceSeconds?: number };
}

export type HookState = 'running' | 'done' | 'failed';

/** How far a container that is to end has come. */
export interface Stopping {
  sinceMs: number;
  graceMs: number;
  /** Another takes its place, whatever the restart policy. */
  isReplaced: boolean;
  /** Its preStop hook has not come back yet. */
  inHook: boolean;
  signalledMs: number | undefined;
  killedMs: number | undefined;
}

/** What ends a pod whatever its containers do, and what is told of it then. */
export interface Verdict {
  reason: string;
  message: string;
  /** How long its containers have to end; as they always have unless told. */
  graceMs?: number;
  /** Why the pod was disrupted, where it did nothing wrong itself. */
  disruption?: string;
}

/** Why the node does not give a pod what it was changed to ask for: it never has so much, or not beside the other pods. */
export interface PendingResize {
  reason: 'Infeasible' | 'Deferred';
  message: string;
}

/** All times in it are of the clock's even time. */
export interface PodMemory {
  firstSeenMs: number;
  /** When an agent before this one took the pod up. */
  startedMs: number | undefined;
  /** Files and volumes of the pod are in place. */
  prepared: boolean;
  mountProblem: Problem | undefined;
  /** That its sandbox could not be had, so many times in a row, and when it is tried again. */
  sandboxProblem: { count: number; retryAtMs: number } | undefined;
  /** When what its volumes show is to be brought up to date; 0 where that is not known yet. */
  refreshVolumesAtMs: number;
  /** The pod's own fields as its volumes show them. */
  shownFields: string;
  /** When it was told last that its volumes are waited for. */
  toldUnmountedMs: number;
  /** It is over, and its volumes and its control group are taken away. */
  released: boolean;
  /** The pause container whose network is wired, and the pod's address there. */
  attached: { pauseId: string; address: string } | undefined;
  /** By container name: what it may use, once the pod has been changed since it was made. */
  agreed: ReadonlyMap<string, ResourceRequirements> | undefined;
  pendingResize: PendingResize | undefined;
  /** By container id: why it was not given what was agreed. */
  resizeProblems: Map<string, Problem>;
  /** By container name, for the attempt that is to be made next. */
  images: Map<string, ImageSituation>;
  problems: Map<string, Problem>;
  /** By container id. One without probes has no entry. */
  probed: Map<string, Probed>;
  /** By container id: its postStart hook. */
  postStart: Map<string, { state: HookState; message: string }>;
  /** By container id. */
  stopping: Map<string, Stopping>;
  /** By the id of a container that has ended: why, in its own words. */
  messages: Map<string, string>;
  /** Ids of containers whose back-off has been told in an event. */
  toldBackoff: Set<string>;
  /** That the pod has to end, as the node has decided. */
  verdict: Verdict | undefined;
  /** The node has looked whether it can run here, and takes it. */
  isAdmitted: boolean;
  toldDeadline: boolean;
  toldUnsupported: boolean;
  /** Set when the pod's deletion is seen: until then its containers run on, while all nodes cease to send it requests. */
  leavesUntilMs: number | undefined;
  /** Nothing of the pod is left on this node, and the API knows. */
  gone: boolean;
}

export interface PodView {
  /** Undefined where the API has no such pod (any more). */
  pod: Pod | undefined;
  containers: readonly ObservedContainer[];
  memory: PodMemory;
}

/** How it stands with the image that a container names now: what was found of another counts no more. */
export function imageSituation({ images }: PodMemory, { name, image = '' }: Container): ImageSituation | undefined {
  const found = images.get(name);
  return found?.of === image ? found : undefined;
}

export function newPodMemory(firstSeenMs: number): PodMemory {
  return {
    firstSeenMs,
    startedMs: undefined,
    prepared: false,
    mountProblem: undefined,
    sandboxProblem: undefined,
    refreshVolumesAtMs: 0,
    shownFields: '',
    toldUnmountedMs: 0,
    released: false,
    attached: undefined,
    agreed: undefined,
    pendingResize: undefined,
    resizeProblems: new Map(),
    images: new Map(),
    problems: new Map(),
    probed: new Map(),
    postStart: new Map(),
    stopping: new Map(),
    messages: new Map(),
    toldBackoff: new Set(),
    verdict: undefined,
    isAdmitted: false,
    toldDeadline: false,
    toldUnsupported: false,
    leavesUntilMs: undefined,
    gone: false,
  };
}
