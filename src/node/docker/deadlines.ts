// Every call to Docker gets an end: an engine that hangs takes calls and answers none. Streams have none, as they last as
// long as there is something to be told; who reads one is told by the watch that the engine hangs.
import Docker from 'dockerode';
import { type Clock, systemClock } from '../../base/clock.ts';
import { RuntimeOverdue } from '../runtime.ts';

export interface Deadlines {
  /** Of what only looks. */
  lookMs: number;
  /** Of what makes, starts, ends or removes something. */
  changeMs: number;
}

const usualDeadlines: Deadlines = { lookMs: 30_000, changeMs: 120_000 };

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

export interface DockerOptions {
  socketPath: string;
  clock?: Clock | undefined;
  deadlines?: Deadlines | undefined;
  /** Hears of every call that takes longer than a look may, which is what makes one doubt that any is answered. */
  onOverdue?(): void;
}

/** Never with an http.Agent: dockerode would inspect it on every request. Without one connections are kept as well. */
export function openDocker(options: DockerOptions): Docker {
  const { socketPath, clock = systemClock, deadlines = usualDeadlines, onOverdue = () => {} } = options;
  const docker = new Docker({ socketPath });
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
    const cancelDoubt = clock.after(deadlines.lookMs, onOverdue);
    const cancel = clock.after(ms, () => {
      answer(new RuntimeOverdue(`Docker has not answered ${what} within ${ms / 1000} s`));
      overdue.abort();
    });
    dial({ ...call, abortSignal }, (error, data) => {
      if (overdue.signal.aborted) return;
      cancelDoubt();
      cancel();
      answer(error, data);
    });
  };
  return docker;
}

/** What Docker has to add up takes its time, though it changes nothing. */
function deadlineMs({ method, path }: Call, { lookMs, changeMs }: Deadlines): number {
  return (method === 'GET' || method === 'HEAD') && !path.startsWith('/system/df') ? lookMs : changeMs;
}
