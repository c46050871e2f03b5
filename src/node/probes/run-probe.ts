// One run of a probe, by whichever of the four ways it asks for. Never throws: what cannot be probed is "unknown".
// A command keeps its place until nothing of it is left: those that were given up on a slow host would become too many.
import type { Container, Probe } from '../../api/kinds/pod-spec/types.ts';
import type { Clock } from '../../base/clock.ts';
import { ExecRefused, type Runtime } from '../runtime.ts';
import { containerPort, NoSuchPort } from './container-port.ts';
import type { Gate } from './gate.ts';
import { BodyFailure, HttpFailure, httpGet, requestFor } from './http-get.ts';
import { failure, type ProbeOutcome, type ProbeRun, success } from './probe-outcome.ts';
import { probeTcp } from './tcp-connect.ts';

export interface ProbeTarget {
  containerId: string;
  container: Container;
  /** The pod's, or the node's where the pod is on the host's network. */
  address: string;
}

export interface ProbeTools {
  runtime: Runtime;
  clock: Clock;
  /** Commands in containers cost the host much more than connections do: so many at once and no more. */
  execs: Gate;
}

const outputBytes = 10 * 1024;

export async function runProbe(
  probe: Probe,
  target: ProbeTarget,
  tools: ProbeTools,
  signal: AbortSignal,
): Promise<ProbeRun> {
  if (!probe.exec)
    return inTime(probe, tools.clock, signal, (limit) => ask(probe, target, tools, limit)).catch(unknown);
  let leave: () => void;
  try {
    leave = await tools.execs.enter(signal);
  } catch (error) {
    return unknown(error);
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = (limit: AbortSignal) => runCommand(probe, target, tools, { limit, onEnd: resolve });
  const outcome = await inTime(probe, tools.clock, signal, run).catch(unknown);
  return { ...outcome, ended: promise.then(leave) };
}

const unknown = (error: unknown): ProbeOutcome => ({ result: 'unknown', text: (error as Error).message });

/** The probe's own time, which begins when it does. */
async function inTime<T>(
  { timeoutSeconds = 1 }: Probe,
  clock: Clock,
  signal: AbortSignal,
  run: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  const cancel = clock.after(Math.max(1, timeoutSeconds) * 1000, () => limit.abort(new Error('the time is over')));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await run(limit.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

async function ask(
  { httpGet: get, tcpSocket, grpc, timeoutSeconds = 1 }: Probe,
  { container, address }: ProbeTarget,
  { clock }: ProbeTools,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  if (get) return askHttp(get, container, address, signal);
  if (tcpSocket) return probeTcp(tcpSocket.host || address, containerPort(container, tcpSocket.port), signal);
  if (!grpc) return { result: 'unknown', text: 'missing probe handler' };
  const { probeGrpc } = await import('./grpc-health.ts');
  return probeGrpc({ host: address, port: grpc.port, service: grpc.service ?? '', timeoutSeconds }, clock, signal);
}

async function askHttp(
  action: NonNullable<Probe['httpGet']>,
  container: Container,
  address: string,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  try {
    const { code, body } = await httpGet(requestFor(action, container, address, 'probe'), signal);
    if (code < 200 || code >= 400) return failure(`HTTP probe failed with statuscode: ${code}`);
    // A redirect to another host: it answers, and where it sends its visitors is not its own health.
    if (code >= 300) return { result: 'warning', text: `Probe terminated redirects, Response body: ${body}` };
    return success;
  } catch (error) {
    if (error instanceof NoSuchPort || error instanceof BodyFailure) throw error;
    if (error instanceof HttpFailure) return failure(error.message);
    throw error;
  }
}

async function runCommand(
  { exec, timeoutSeconds = 1 }: Probe,
  { containerId }: ProbeTarget,
  { runtime }: ProbeTools,
  { limit, onEnd }: { limit: AbortSignal; onEnd(): void },
): Promise<ProbeOutcome> {
  const argv = exec?.command ?? [];
  try {
    const { exitCode, output } = await runtime.exec(containerId, argv, { signal: limit, outputBytes, onEnd });
    return exitCode === 0 ? success : failure(output);
  } catch (error) {
    // That the engine is slow says nothing of the container.
    if (!limit.aborted || error instanceof ExecRefused) throw error;
    return failure(`command timed out: ${JSON.stringify(argv.join(' '))} timed out after ${timeoutSeconds}s`);
  }
}
