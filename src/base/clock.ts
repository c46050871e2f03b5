// Time as a dependency: whoever waits or stamps does it through a Clock, so that tests own the time.
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that go on evenly, whoever sets the clock: durations and deadlines within the process are by these. */
  monotonicMs(): number;
  /** Resolves after the time, never before it; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs the function once after the time, never before it; the answer cancels it. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
}

/** A timer of Node that is told to wait longer does not wait at all. */
const longestMs = 2 ** 31 - 1;

/** A timer of Node counts whole milliseconds, and may ring one too early. */
const timerMs = (ms: number) => Math.min(Math.ceil(ms), longestMs);

export const systemClock: Clock = {
  now: Date.now,
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const dueMs = performance.now() + ms;
    let leftMs = ms;
    do {
      await delay(timerMs(leftMs), undefined, signal ? { signal } : {});
      leftMs = dueMs - performance.now();
    } while (leftMs > 0);
  },
  after: (ms, run) => {
    const dueMs = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const look = () => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) wait(leftMs);
      else run();
    };
    const wait = (leftMs: number) => {
      timer = setTimeout(look, timerMs(leftMs)).unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** One moment, by the time that goes on evenly and by the clock on the wall. */
export interface Moment {
  monotonicMs: number;
  wallMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
}

/** What somebody else has told by the clock on the wall, as even time: to be asked as soon as it is heard of, and kept. */
export function monotonicOf(wallMs: number, clock: Clock): number {
  return clock.monotonicMs() + wallMs - clock.now();
}

/** The same of what has happened: what seems to lie ahead, as the clock was set back since, happened just now. */
export function pastMonotonicOf(wallMs: number, clock: Clock): number {
  return Math.min(clock.monotonicMs(), monotonicOf(wallMs, clock));
}

/** Kubernetes' timestamp of second precision (metav1.Time). */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Kubernetes' timestamp of microsecond precision (metav1.MicroTime). */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
