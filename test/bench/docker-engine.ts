// A Docker Engine of a test's own: dockerd and containerd with all their files in one folder, beside any engine of the machine.
// Without a host it runs on this machine itself, for agents that run in the test's process; with one it ends with the host.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { endEngineTrees, removeControlGroups, removeFolder, removeStaleLeftovers, runName } from './leftovers.ts';
import { signalProcess } from './process-table.ts';
import type { TestHost } from './test-host.ts';
import { waitUntil } from './wait-until.ts';

/** As in an engine of today that is installed anew; older ones cannot. */
const imagesAreContainerds = process.env.WHERRY_TEST_IMAGE_STORE === 'containerd';

export interface DockerEngineOptions {
  /** Tells the engines of one test process apart. */
  readonly name?: string;
  readonly host?: TestHost;
  /** Where it keeps images and containers, unless in the folder of its other files. */
  readonly dataRoot?: string;
  /** Docker's own bridge and iptables rules, which also set FORWARD to DROP. Only on a host: never this machine's rules. */
  readonly iptables?: boolean;
  /** Programs that run containers, by the names that Docker is to know them by. */
  readonly ociRuntimes?: Readonly<Record<string, string>>;
}

interface Daemon {
  readonly exited: Promise<unknown>;
  signal(signal: NodeJS.Signals): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface DockerEngine {
  readonly socket: string;
  readonly folder: string;
  /** Kills dockerd alone; containers keep running, as with a crash. */
  killDaemon(): Promise<void>;
  /** With live-restore unless told: without, dockerd ends all containers that it finds running. */
  startDaemon(options?: { liveRestore?: boolean }): Promise<void>;
  /** Stops dockerd in its tracks: it takes calls and answers none, until it is thawed. */
  freezeDaemon(): Promise<void>;
  thawDaemon(): Promise<void>;
  /** Makes the daemon read its `daemon.json` again; it does so a moment later. */
  reload(): Promise<void>;
  /** Ends the daemon and all its containers and removes its folder. */
  stop(): Promise<void>;
}

/** Whether the engine behind the socket answers. */
async function pingDocker(socket: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const ping = request({ socketPath: socket, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('error', () => resolve(false));
    ping.on('timeout', () => ping.destroy());
    ping.end();
  });
}

async function removeContainers(socket: string): Promise<void> {
  const docker = new Docker({ socketPath: socket });
  const containers = await docker.listContainers({ all: true });
  const remove = (id: string) =>
    docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch((error: Error & { statusCode?: number }) => {
        // Whoever was ended just now may have been removing it.
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
      });
  await Promise.all(containers.map(({ Id }) => remove(Id)));
}

async function startDaemonHere(command: string, args: readonly string[], log: string): Promise<Daemon> {
  const file = await open(log, 'a');
  // In a process group of its own: who interrupts the test does not interrupt the engine before the test has cleaned up.
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', file.fd, file.fd], detached: true });
  await file.close();
  const exited = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  return {
    exited,
    async signal(signal) {
      if (child.pid !== undefined) signalProcess(child.pid, signal);
    },
    async kill(signal) {
      if (child.pid !== undefined && child.exitCode === null) signalProcess(child.pid, signal);
      await exited;
    },
  };
}

export async function startDockerEngine(options: DockerEngineOptions = {}): Promise<DockerEngine> {
  const { host } = options;
  if (host === undefined && options.iptables) throw new Error("Docker's iptables rules need a host of their own");
  if (host === undefined) await removeStaleLeftovers();
  const folder = join(host?.folder ?? join('/tmp', runName), options.name ?? 'docker');
  await mkdir(folder, { recursive: true });
  const containerdSocket = join(folder, 'containerd.sock');
  const socket = join(folder, 'docker.sock');
  const configuration = join(folder, 'containerd.toml');
  const settings = join(folder, 'daemon.json');
  await writeFile(
    settings,
    JSON.stringify(imagesAreContainerds ? { features: { 'containerd-snapshotter': true } } : {}),
  );
  await writeFile(configuration, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  // A host has control groups of its own; on this machine they carry the run's name.
  const groups = host === undefined ? [`--cgroup-parent=/${runName}`] : [];
  const runtimes = Object.entries(options.ociRuntimes ?? {}).map(([name, path]) => `--add-runtime=${name}=${path}`);
  const network = options.iptables ? [] : ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const programs = {
    containerd: [
      ...['--config', configuration, '--address', containerdSocket],
      ...['--root', join(folder, 'containerd'), '--state', join(folder, 'containerd-run')],
    ],
    dockerd: [
      ...['--config-file', settings, '--host', `unix://${socket}`],
      ...['--containerd', containerdSocket, '--pidfile', join(folder, 'docker.pid')],
      ...['--data-root', options.dataRoot ?? join(folder, 'data'), '--exec-root', join(folder, 'run')],
      ...(imagesAreContainerds ? [] : ['--storage-driver=overlay2']),
      ...['--userland-proxy=false', ...groups, ...network, ...runtimes],
    ],
  };
  const logOf = (program: string) => join(folder, `${program}.log`);
  const start = async (program: keyof typeof programs, args: readonly string[] = []): Promise<Daemon> =>
    host === undefined
      ? await startDaemonHere(program, [...programs[program], ...args], logOf(program))
      : await host.spawn(program, [...programs[program], ...args], {
          log: join(folder.slice(host.folder.length + 1), `${program}.log`),
        });

  const containerd = await start('containerd');
  let dockerd: Daemon | undefined;

  const engine: DockerEngine = {
    socket,
    folder,
    async killDaemon() {
      await dockerd?.kill('SIGKILL');
      dockerd = undefined;
    },
    async startDaemon({ liveRestore = true } = {}) {
      // A daemon that was killed leaves its id behind, and the next would take whoever has that id now for it.
      await rm(join(folder, 'docker.pid'), { force: true });
      let ended = false;
      dockerd = await start('dockerd', liveRestore ? ['--live-restore'] : []);
      const onEnd = () => {
        ended = true;
      };
      dockerd.exited.then(onEnd, onEnd);
      await waitUntil(`Docker Engine in ${folder}`, async () => {
        if (ended) return true;
        return await pingDocker(socket);
      });
      if (ended) throw new Error(`dockerd ended as it started:\n${await readFile(logOf('dockerd'), 'utf8')}`);
    },
    async freezeDaemon() {
      await dockerd?.signal('SIGSTOP');
    },
    async thawDaemon() {
      await dockerd?.signal('SIGCONT');
    },
    async reload() {
      const pid = (await readFile(join(folder, 'docker.pid'), 'utf8')).trim();
      if (host === undefined) signalProcess(Number(pid), 'SIGHUP');
      else await host.exec('kill', ['-HUP', pid]);
    },
    async stop() {
      await dockerd?.signal('SIGCONT');
      // Through the engine where it still answers: it knows the control groups of its containers.
      if (await pingDocker(socket)) await removeContainers(socket);
      await dockerd?.kill('SIGTERM');
      await containerd.kill('SIGTERM');
      await endEngineTrees(folder);
      await removeFolder(folder);
      if (host === undefined) {
        await removeControlGroups(runName);
        // The folder of the run, unless another engine of this test is in it.
        await rmdir(dirname(folder)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOTEMPTY') throw error;
        });
      }
    },
  };
  await engine.startDaemon().catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  return engine;
}
