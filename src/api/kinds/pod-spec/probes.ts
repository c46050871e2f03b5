// Probes and lifecycle hooks of a container: each does exactly one thing.

import { headerNameFaults } from '../../name-rules.ts';
import { checkPortNumberOrName } from '../../traffic-rules.ts';
import {
  type Causes,
  checkName,
  checkNonNegative,
  checkOneOf,
  checkPort,
  forbidden,
  invalid,
  required,
} from '../../validation.ts';
import type { Container, Probe } from './types.ts';

type Lifecycle = NonNullable<Container['lifecycle']>;
type Hook = NonNullable<Lifecycle['preStop']>;
type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<Hook, 'sleep'>;
type HttpGet = NonNullable<Probe['httpGet']>;

export function* validateLifecycle(
  { postStart, preStop }: Lifecycle,
  at: string,
  gracePeriodSeconds: number | undefined,
): Causes {
  if (postStart) yield* validateHandler(postStart, `${at}.postStart`, gracePeriodSeconds);
  if (preStop) yield* validateHandler(preStop, `${at}.preStop`, gracePeriodSeconds);
}

export function* validateProbes(container: Container, at: string): Causes {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    yield* validateProbe(livenessProbe, `${at}.livenessProbe`);
    yield* checkOneSuccess(livenessProbe, `${at}.livenessProbe`);
  }
  if (readinessProbe) {
    yield* validateProbe(readinessProbe, `${at}.readinessProbe`);
    const { terminationGracePeriodSeconds } = readinessProbe;
    if (terminationGracePeriodSeconds !== undefined) {
      const field = `${at}.readinessProbe.terminationGracePeriodSeconds`;
      yield invalid(field, terminationGracePeriodSeconds, 'must not be set for readinessProbes');
    }
  }
  if (startupProbe) {
    yield* validateProbe(startupProbe, `${at}.startupProbe`);
    yield* checkOneSuccess(startupProbe, `${at}.startupProbe`);
  }
}

function* checkOneSuccess({ successThreshold }: Probe, at: string): Causes {
  if (successThreshold !== 1) yield invalid(`${at}.successThreshold`, successThreshold, 'must be 1');
}

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

function* validateProbe(probe: Probe, at: string): Causes {
  yield* validateHandler(probe, at, undefined);
  for (const field of counts) yield* checkNonNegative(`${at}.${field}`, probe[field]);
  const { terminationGracePeriodSeconds } = probe;
  if (terminationGracePeriodSeconds !== undefined && terminationGracePeriodSeconds <= 0) {
    yield invalid(`${at}.terminationGracePeriodSeconds`, terminationGracePeriodSeconds, 'must be greater than 0');
  }
}

const handlerNames = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function* validateHandler(handler: Handler, at: string, gracePeriodSeconds: number | undefined): Causes {
  const [first, ...others] = handlerNames.filter((name) => handler[name] !== undefined);
  if (!first) {
    yield required(at, 'must specify a handler type');
    return;
  }
  yield* validateAction(handler, first, `${at}.${first}`, gracePeriodSeconds);
  for (const name of others) yield forbidden(`${at}.${name}`, 'may not specify more than 1 handler type');
}

function* validateAction(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  name: (typeof handlerNames)[number],
  at: string,
  gracePeriodSeconds: number | undefined,
): Causes {
  if (name === 'exec' && !exec?.command?.length) yield required(`${at}.command`);
  if (name === 'httpGet' && httpGet) yield* validateHttpGet(httpGet, at);
  if (name === 'tcpSocket') yield* checkPortNumberOrName(`${at}.port`, tcpSocket?.port);
  if (name === 'grpc') yield* checkPort(`${at}.port`, grpc?.port);
  if (name === 'sleep' && sleep && gracePeriodSeconds !== undefined) {
    const { seconds } = sleep;
    if (!(seconds >= 0 && seconds <= gracePeriodSeconds)) {
      const limit = `terminationGracePeriodSeconds (${gracePeriodSeconds})`;
      yield invalid(at, seconds, `must be non-negative and less than ${limit}`);
    }
  }
}

function* validateHttpGet({ path, port, scheme, httpHeaders = [] }: HttpGet, at: string): Causes {
  if (!path) yield required(`${at}.path`);
  yield* checkPortNumberOrName(`${at}.port`, port);
  yield* checkOneOf(`${at}.scheme`, scheme ?? '', ['HTTP', 'HTTPS']);
  for (const { name } of httpHeaders) yield* checkName(`${at}.httpHeaders`, name ?? '', headerNameFaults);
}
