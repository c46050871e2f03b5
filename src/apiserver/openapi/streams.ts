// Subresources that speak no objects: logs, and connections into pods and through to what listens there.
import type { Kind, Subresource } from '../../api/kinds/kind.ts';
import { anyType, type Method, objectTypes, operation, type Path, path, text, titled } from './operation.ts';
import { type Parameter, pathParameter, queryParameters } from './parameters.ts';

interface Stream {
  parameters: readonly Parameter[];
  /** It is no read of a text but a connection, by each of these methods. */
  connects?: readonly Method[];
  /** What comes after it in the path is passed on. */
  passesPath?: boolean;
}

const eitherWay: readonly Method[] = ['get', 'post'];
const everyMethod: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

const terminal = ['container', 'stderr', 'stdin', 'stdout', 'tty'];

const streams: Readonly<Record<string, Stream>> = {
  attach: { parameters: queryParameters(...terminal), connects: eitherWay },
  exec: { parameters: queryParameters('command', ...terminal), connects: eitherWay },
  log: {
    parameters: queryParameters(
      ...['container', 'follow', 'insecureSkipTLSVerifyBackend', 'limitBytes', 'pretty', 'previous'],
      ...['sinceSeconds', 'stream', 'tailLines', 'timestamps'],
    ),
  },
  portforward: { parameters: queryParameters('ports'), connects: eitherWay },
  proxy: { parameters: queryParameters('path'), connects: everyMethod, passesPath: true },
};

export const streamOf = (subresource: string): Stream | undefined => streams[subresource];

interface StreamPlan {
  kind: Kind;
  subresource: Subresource;
  stream: Stream;
  at: string;
  parameters: readonly Parameter[];
}

export function streamPaths({ kind, subresource, stream, at, parameters }: StreamPlan): Path[] {
  const plan = { kind, subresource, parameters: stream.parameters, answers: [{ code: 200, holds: text } as const] };
  const { connects } = stream;
  if (!connects) {
    const description = `read ${subresource.name} of the specified ${kind.kind}`;
    const read = operation({ ...plan, verb: 'read', action: 'get', description });
    return [path(at, parameters, { get: { ...read, produces: ['text/plain', ...objectTypes] } })];
  }
  const connections = (after: string) =>
    Object.fromEntries(
      connects.map((method) => {
        const description = `connect ${method.toUpperCase()} requests to ${subresource.name} of ${kind.kind}`;
        const before = titled(method);
        const connection = operation({ ...plan, verb: 'connect', before, after, action: 'connect', description });
        return [method, { ...connection, produces: anyType }];
      }),
    );
  const behind = stream.passesPath
    ? [path(`${at}/{path}`, [...parameters, pathParameter], connections('WithPath'))]
    : [];
  return [path(at, parameters, connections('')), ...behind];
}
