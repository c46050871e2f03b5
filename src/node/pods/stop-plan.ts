// How containers are brought to an end: first the preStop hook, then the signal, and the kill when the grace is over. The
// hook is part of the grace, and yet a container that has been signalled is left two seconds.
//
//   said ──► preStop hook ──► its turn ──► signalled ──► killed         (a sidecar's turn comes when the pod's own
//                  └────── grace ──────────────────┘                     containers and the sidecars after it have ended)
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import type { Draft } from './plan.ts';
import { hasSidecars, podContainers } from './pod-containers.ts';
import { runningContainers } from './pod-progress.ts';
import type { Stopping } from './pod-view.ts';

/** Whoever ends is left so much between the signal and the kill, however little grace there was. */
const leastMs = 2_000;
/** A kill that shows no effect is tried again. */
const killAgainMs = 10_000;

export interface StopOrder {
  graceMs: number;
  /** Why, as the event tells it; undefined says that it is stopped. */
  message?: string;
  isReplaced?: boolean;
}

/** Ends these containers, all at once but for sidecars. */
export function planStops(draft: Draft, ending: readonly ObservedContainer[], { graceMs }: StopOrder): void {
  const { pod, containers } = draft.view;
  const running = new Set(runningContainers(containers).map(({ name }) => name));
  for (const container of ending) {
    const waitsForTurn = pod !== undefined && followers(pod, container.name).some((name) => running.has(name));
    planStop(draft, container, { graceMs, waitsForTurn });
  }
}

export function planStop(
  draft: Draft,
  { id, name, stopSignal }: ObservedContainer,
  {
    graceMs,
    message = `Stopping container ${name}`,
    isReplaced = false,
    waitsForTurn = false,
  }: StopOrder & {
    waitsForTurn?: boolean;
  },
): void {
  const { pod, memory } = draft.view;
  const stopping = memory.stopping.get(id);
  const step = { container: name, id };
  if (!stopping) {
    const runsHook = pod !== undefined && hasPreStop(pod, name);
    draft.add({ kind: 'stop', ...step, graceMs, message, isReplaced, runsHook });
  } else if (graceMs < stopping.graceMs) {
    draft.add({ kind: 'shortenGrace', ...step, graceMs });
  } else if (stopping.signalledMs === undefined) {
    const isHeldUp = stopping.inHook || waitsForTurn;
    if (!isHeldUp || draft.isDue(stopping.sinceMs + stopping.graceMs))
      draft.add({ kind: 'terminate', ...step, signal: stopSignal });
  } else if (draft.isDue(killAtMs(stopping, stopping.signalledMs))) {
    draft.add({ kind: 'kill', ...step });
  }
}

function killAtMs({ sinceMs, graceMs, killedMs }: Stopping, signalledMs: number): number {
  if (killedMs !== undefined) return killedMs + killAgainMs;
  return Math.max(sinceMs + graceMs, signalledMs + leastMs);
}

function hasPreStop(pod: Pod, name: string): boolean {
  return podContainers(pod).some(({ container }) => container.name === name && container.lifecycle?.preStop);
}

/** The containers that a sidecar outlives. */
function followers(pod: Pod, name: string): string[] {
  if (!hasSidecars(pod)) return [];
  const listed = podContainers(pod);
  const place = listed.findIndex(({ container }) => container.name === name);
  if (listed[place]?.role !== 'sidecar') return [];
  return listed
    .slice(place + 1)
    .filter(({ role }) => role === 'app' || role === 'sidecar')
    .map(({ container }) => container.name);
}
