// The routes into a container of a pod that runs here: exec, attach, run, and the one into its network, portForward.
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { CannotConnect } from '../pod-connector.ts';
import { latestOf, livingPause } from '../pods/pod-progress.ts';
import type { JoinedStreams, ObservedContainer } from '../runtime.ts';
import { runAttach, runCommand } from './command.ts';
import { type CommandClient, wantedStreams } from './command-client.ts';
import { containersOfPod, podOfPath } from './pod-of-path.ts';
import type { Forwarding } from './port-forward.ts';
import { type Call, type NodeParts, Refusal, type Route, sendText } from './route.ts';

type Connection = [socket: Duplex, head: Buffer];

const methods = ['GET', 'POST'] as const;

export function streamRoutes(parts: NodeParts): Route[] {
  return [
    ...inContainer('/exec', { methods, upgrade: (call, socket, head) => exec(parts, call, socket, head) }),
    ...inContainer('/attach', { methods, upgrade: (call, socket, head) => attach(parts, call, socket, head) }),
    ...inPod('/portForward', { methods, upgrade: (call, socket, head) => portForward(parts, call, socket, head) }),
    ...inContainer('/run', { methods: ['POST'], answer: (call, response) => run(parts, call, response) }),
  ];
}

/** Who asks may name the pod's uid as well, so as to mean no later pod of the same name. */
function inPod(path: string, route: Omit<Route, 'path'>, rest = ''): Route[] {
  return ['{namespace}/{pod}', '{namespace}/{pod}/{uid}'].map((pod) => ({ ...route, path: `${path}/${pod}${rest}` }));
}

const inContainer = (path: string, route: Omit<Route, 'path'>) => inPod(path, route, '/{container}');

async function exec(parts: NodeParts, call: Call, ...connection: Connection): Promise<void> {
  const wanted = wantedStreams(call.query);
  const { id } = runningContainer(parts, call);
  const client = await openClient(call, ...connection, wanted, parts.clock);
  if (client) await runCommand(parts.runtime, id, call.query.getAll('command'), wanted, client, parts.log);
}

async function attach(parts: NodeParts, call: Call, ...connection: Connection): Promise<void> {
  const wanted = wantedStreams(call.query);
  const { id, name } = runningContainer(parts, call);
  const declared = containersOfPod(podOfPath(parts.pods(), call.path)).find((container) => container.name === name);
  const client = await openClient(call, ...connection, wanted, parts.clock);
  // How the output comes is as the container was made, whatever the client has.
  if (client)
    await runAttach(
      parts.runtime,
      id,
      { ...wanted, tty: declared?.tty ?? false, stdinOnce: declared?.stdinOnce ?? false },
      client,
    );
}

async function portForward(parts: NodeParts, call: Call, socket: Duplex, head: Buffer): Promise<void> {
  const { pods, containers, connector, clock, log } = parts;
  const { name, namespace, uid = '' } = podOfPath(pods(), call.path).metadata;
  const pause = () => livingPause(containers.of(uid));
  if (!pause()) throw new Refusal(500, `pod not found (${JSON.stringify(`${name}_${namespace}`)})`);
  const forwarding: Forwarding = {
    connect: async (port, signal) => {
      // The pod's network may be another by now.
      const { pid } = pause() ?? {};
      if (!pid) throw new CannotConnect('the pod does not run any more');
      return connector.connect(pid, port, signal);
    },
    podText: `${name}_${namespace}, uid ${uid}`,
    clock,
    log,
  };
  if (asksForWebSocket(call)) {
    const { forwardOverWebSocket } = await import('./web-socket-port-forward.ts');
    const ports = [...call.query.getAll('port'), ...call.query.getAll('ports')];
    await forwardOverWebSocket(call.request, socket, head, ports, forwarding);
  } else {
    const { forwardOverSpdy } = await import('./port-forward.ts');
    await forwardOverSpdy(call.request, socket, head, forwarding);
  }
}

const mostOutputBytes = 16 * 1024 * 1024;

async function run({ runtime, ...parts }: NodeParts, call: Call, response: ServerResponse): Promise<void> {
  const { id } = runningContainer({ runtime, ...parts }, call);
  const command = (call.query.get('cmd') ?? '').split(' ');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { exitCode, output } = await runtime.exec(id, command, { signal: gone.signal, outputBytes: mostOutputBytes });
  if (exitCode !== 0) throw new Refusal(500, `command '${command.join(' ')}' exited with ${exitCode}: ${output}`);
  sendText(response, 200, output);
}

/** Throws the refusal in Kubernetes' words, where none of that name runs. */
function runningContainer({ pods, containers }: NodeParts, { path }: Call): ObservedContainer {
  const pod = podOfPath(pods(), path);
  const { container: name = '' } = path;
  const latest = latestOf(containers.of(pod.metadata.uid ?? ''), name);
  if (latest?.state !== 'running') throw new Refusal(500, `container not found (${JSON.stringify(name)})`);
  return latest;
}

/**
 * Upgrades the connection; throws the refusal when the two sides have no protocol in common. Undefined for a client that
 * went away before it had opened its streams.
 */
async function openClient(
  call: Call,
  socket: Duplex,
  head: Buffer,
  wanted: JoinedStreams,
  clock: Clock,
): Promise<CommandClient | undefined> {
  const { request } = call;
  if (asksForWebSocket(call)) {
    const { openWebSocketCommand } = await import('./web-socket-command.ts');
    return openWebSocketCommand(request, socket, head, wanted, clock);
  }
  const { openSpdyCommand } = await import('./spdy-command.ts');
  return openSpdyCommand(request, socket, head, wanted, clock);
}

function asksForWebSocket({ request }: Call): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}
