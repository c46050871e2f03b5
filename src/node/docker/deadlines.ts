// Every call to Docker gets an end: an engine that hangs takes calls and answers none. Streams have none, as they last as
// long as there is something to be told; who reads one is told by the watch that the engine hangs.
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import { RuntimeOverdue } from '../runtime.ts';

export interface Deadlines {
  /** Of what only looks. */
  lookMs: number;
  /** Of what makes, starts, ends or removes something. */
  changeMs: number;
}

export const usualDeadlines: Deadlines = { lookMs: 30_000, changeMs: 120_000 };

/** As docker-modem has it, as far as it matters here. */
interface Call {
  path: string;
  method: string;
  isStream?: boolean;
  hijack?: boolean;
  openStdin?: boolean;
  abortSignal?: AbortSignal;
}

type Answer = (error: unknown, data?: unknown) => void;
type Modem = { dial(call: Call, answer: Answer): void };

/** `onOverdue` hears of every call that was given up. */
export function giveDeadlines(docker: Docker, deadlines: Deadlines, clock: Clock, onOverdue: () => void): void {
  const modem = docker.modem as Modem;
  const dial = modem.dial.bind(modem);
  modem.dial = (call, answer) => {
    if (call.isStream || call.hijack || call.openStdin) {
      dial(call, answer);
      return;
    }
    const ms = deadlineMs(call, deadlines);
    const overdue = new AbortController();
    const abortSignal = call.abortSignal ? AbortSignal.any([call.abortSignal, overdue.signal]) : overdue.signal;
    const what = `${call.method} ${call.path.split('?')[0]}`;
    const cancel = clock.after(ms, () => {
      answer(new RuntimeOverdue(`Docker has not answered ${what} within ${ms / 1000} s`));
      overdue.abort();
      onOverdue();
    });
    dial({ ...call, abortSignal }, (error, data) => {
      if (overdue.signal.aborted) return;
      cancel();
      answer(error, data);
    });
  };
}

/** What Docker has to add up takes its time, though it changes nothing. */
function deadlineMs({ method, path }: Call, { lookMs, changeMs }: Deadlines): number {
  return (method === 'GET' || method === 'HEAD') && !path.startsWith('/system/df') ? lookMs : changeMs;
}
