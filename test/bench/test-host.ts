// One host of a test: a machine made of namespaces (see host-init), with a folder that it shares with the test at the same path.
// It is on while its first process lives; with that process the kernel ends all others of the host, containers too.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type CommandOptions, type CommandOutcome, tryCommand } from './command.ts';
import { removeControlGroups } from './leftovers.ts';
import { childrenOf, isRunning, signalProcess } from './process-table.ts';
import { waitUntil } from './wait-until.ts';

const hostInit = join(import.meta.dirname, 'host-init');

// Entered namespaces do not bring their control groups with them: the process moves itself, enters, and becomes the command.
const enter = `
for group in /sys/fs/cgroup/"$1"/init /sys/fs/cgroup/*/"$1"; do
  if [ -e "$group/cgroup.procs" ]; then echo 0 >"$group/cgroup.procs"; fi
done
host=$2
shift 2
exec nsenter --target "$host" --all --root --wd -- "$@"`;

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes, a file of the host's folder; without it `<command>.log`. */
  readonly log?: string;
}

/** A long-running process on a host. Its output is in `log`. */
export class HostProcess {
  readonly log: string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #nsenter: ChildProcess;

  constructor(nsenter: ChildProcess, log: string) {
    this.log = log;
    this.#nsenter = nsenter;
    this.exited = new Promise((resolve, reject) => {
      nsenter.on('error', reject);
      nsenter.on('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  get running(): boolean {
    return this.#nsenter.exitCode === null && this.#nsenter.signalCode === null;
  }

  /** Its id as this test sees it (on its host it has another). */
  async pid(): Promise<number> {
    const pid = await this.#pidUnlessEnded();
    if (pid === null) throw new Error(`it has ended already, see ${this.log}`);
    return pid;
  }

  /** It may end at any moment, also while it is looked for. */
  #pidUnlessEnded(): Promise<number | null> {
    return waitUntil('a process on a test host', () => {
      if (!this.running) return null;
      return this.#nsenter.pid === undefined ? undefined : childrenOf(this.#nsenter.pid)[0];
    });
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const pid = await this.#pidUnlessEnded();
    if (pid === null) return;
    signalProcess(pid, signal);
    // nsenter stops with what it runs, and does not go on by itself.
    if (signal !== 'SIGSTOP' && this.#nsenter.pid !== undefined) signalProcess(this.#nsenter.pid, 'SIGCONT');
  }

  /** Signals the process itself; resolves when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.signal(signal);
    await this.exited;
  }

  async readLog(): Promise<string> {
    return await readFile(this.log, 'utf8');
  }
}

export class TestHost {
  readonly name: string;
  readonly folder: string;
  readonly #fullName: string;
  #init: ChildProcess | undefined;
  #pid = 0;

  readonly #root: string | undefined;

  /** `run` is the name of the bench's run; with `root` the host has the files in that folder and no others. */
  constructor(run: string, name: string, root?: string) {
    this.name = name;
    this.#root = root;
    this.#fullName = `${run}-${name}`;
    this.folder = join('/tmp', run, name);
  }

  /** The first process of the host, as this test sees it. */
  get pid(): number {
    return this.#pid;
  }

  async boot(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const init = spawn(hostInit, [this.#fullName, ...(this.#root === undefined ? [] : [this.#root])], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#init = init;
    let output = '';
    init.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await new Promise<void>((resolve, reject) => {
      init.on('error', reject);
      init.on('exit', () => reject(new Error(`host ${this.name} does not start: ${output}`)));
      init.stdout.setEncoding('utf8').once('data', () => resolve());
    });
    const [pid] = childrenOf(init.pid ?? 0);
    if (pid === undefined) throw new Error(`host ${this.name} ended as it started: ${output}`);
    this.#pid = pid;
  }

  /** Runs a command on the host to its end; rejects if it fails. */
  async exec(command: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandOutcome> {
    const outcome = await this.tryExec(command, args, options);
    if (outcome.code !== 0) throw new CommandError(`${this.name}: ${command}`, args, outcome);
    return outcome;
  }

  /** Runs a command on the host and resolves with how it ended, whatever that was. */
  async tryExec(command: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandOutcome> {
    return await tryCommand('/bin/sh', this.#enter(command, args), options);
  }

  /** Starts a command that keeps running on the host. */
  async spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<HostProcess> {
    const log = join(this.folder, options.log ?? `${command.slice(command.lastIndexOf('/') + 1)}.log`);
    const file = await open(log, 'a');
    try {
      const child = spawn('/bin/sh', this.#enter(command, args), {
        stdio: ['ignore', file.fd, file.fd],
        env: options.env ?? process.env,
      });
      return new HostProcess(child, log);
    } finally {
      await file.close();
    }
  }

  /** Pulls the plug: all processes of the host end at once. Its folder stays, so it may boot again. */
  async kill(): Promise<void> {
    const init = this.#init;
    if (init === undefined) return;
    const pid = this.#pid;
    this.#init = undefined;
    this.#pid = 0;
    init.stdin?.destroy();
    if (pid !== 0) signalProcess(pid, 'SIGKILL');
    else init.kill('SIGKILL');
    await waitUntil(
      `host ${this.name} off`,
      () => (!isRunning(pid) && init.exitCode !== null) || init.signalCode !== null,
    );
    await removeControlGroups(this.#fullName);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  #enter(command: string, args: readonly string[]): string[] {
    if (this.#pid === 0) throw new Error(`host ${this.name} is off`);
    return ['-c', enter, 'enter', this.#fullName, `${this.#pid}`, command, ...args];
  }
}
