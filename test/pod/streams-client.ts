// Exec, attach and port-forward by Kubernetes' JavaScript client, run on a host of the cluster; what came of it is written as JSON.
//   streams-client.ts KUBECONFIG TOKEN
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Attach, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import { WebSocket } from 'ws';

const [kubeconfig = '', token = ''] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromFile(kubeconfig);

async function exec(
  command: string[],
  stdin: Readable | null = null,
): Promise<{ out: string; err: string; status: V1Status }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const { promise, resolve } = Promise.withResolvers<V1Status>();
  const socket = await new Exec(config).exec('default', 'web', 'main', command, out, err, stdin, false, resolve);
  socket.once('close', () => [out, err].map((stream) => stream.end()));
  const [outText, errText, status] = await Promise.all([text(out), text(err), promise]);
  return { out: outText, err: errText, status };
}

async function textUntil(stream: Readable, end: string): Promise<string> {
  let heard = '';
  for await (const bytes of stream) {
    heard += String(bytes);
    if (heard.includes(end)) break;
  }
  return heard;
}

/** A terminal whose size changes. */
class Terminal extends Writable {
  rows = 30;
  columns = 90;
  shown = '';
  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.shown += bytes.toString();
    this.emit('shown');
    done();
  }
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.shown)) await new Promise((resolve) => this.once('shown', resolve));
  }
}

async function resized(): Promise<string> {
  const terminal = new Terminal();
  const typed = new PassThrough();
  await new Exec(config).exec('default', 'web', 'main', ['sh'], terminal, null, typed, true);
  typed.write('while :; do stty size; sleep 0.2; done\n');
  await terminal.shows(/30 90/);
  Object.assign(terminal, { rows: 44, columns: 55 }).emit('resize');
  await terminal.shows(/44 55/);
  typed.end();
  return 'followed';
}

async function attached(): Promise<string> {
  const out = new PassThrough();
  const stdin = new PassThrough();
  const socket = await new Attach(config).attach('default', 'echo', 'main', out, null, stdin, false);
  stdin.write('to the container\n');
  const heard = await textUntil(out, '\n');
  socket.close();
  return heard;
}

async function forwarded(): Promise<string> {
  const out = new PassThrough();
  const request = new PassThrough();
  request.write('GET / HTTP/1.0\r\n\r\n');
  const socket = await new PortForward(config).portForward('default', 'web', [8080], out, null, request);
  const heard = await textUntil(out, 'hello');
  (socket as WebSocket).close();
  return heard;
}

/** As a program in a browser does it: no header but the protocols. */
async function byProtocol(shown: string): Promise<string> {
  const server = config.getCurrentCluster()?.server ?? '';
  const url = `${server.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/exec?command=id&stdout=true`;
  const protocols = [
    'v4.base64.channel.k8s.io',
    `base64url.bearer.authorization.k8s.io.${Buffer.from(shown).toString('base64url')}`,
  ];
  const socket = new WebSocket(url, protocols, { rejectUnauthorized: false });
  let heard = '';
  socket.on('message', (data) => {
    const message = String(data);
    if (message[0] === '1') heard += Buffer.from(message.slice(1), 'base64').toString();
  });
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('error', (error) => {
      heard = error.message;
    });
  });
  return heard;
}

/** What is under way is told for a test that fails. */
async function told<T>(what: string, run: () => Promise<T>): Promise<T> {
  process.stderr.write(`${what}\n`);
  return run();
}

const results = {
  failing: await told('failing', () => exec(['sh', '-c', 'echo out; echo err >&2; exit 9'])),
  piped: await told('piped', () => exec(['wc', '-c'], Readable.from([Buffer.alloc(3_000_000)]))),
  resized: await told('resized', resized),
  attached: await told('attached', attached),
  forwarded: await told('forwarded', forwarded),
  byProtocol: await told('by protocol', () => byProtocol(token)),
  badToken: await told('bad token', () => byProtocol('nobody')),
};
process.stdout.write(JSON.stringify(results));
process.exit(0);
