// A program: how long Wherry takes to start and to start pods, beside Docker's own floor in the same run, and what it takes
// when idle. Makes a host of its own out of namespaces, with a Docker Engine, or measures on the host where it stands.
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openHosts } from '../test/bench/hosts.ts';
import { ensureImages, nginxImage } from '../test/images/images.ts';
import { measureBreakdown } from './breakdown.ts';
import { DockerFloor } from './docker-floor.ts';
import { idleFootprints } from './footprint.ts';
import { observeLoad, observeMachine } from './machine.ts';
import { benchNamespace } from './pod-life.ts';
import { PodWatch } from './pod-watch.ts';
import { measureBursts, measurePods } from './pods.ts';
import { Programs } from './programs.ts';
import { type Report, reportText } from './report.ts';
import { join, measureStarts, startUp } from './starts.ts';

const sections = ['start', 'idle', 'pods', 'burst', 'breakdown'] as const;
type Section = (typeof sections)[number];

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    starts: { type: 'string', default: '5' },
    bursts: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '10' },
    'idle-seconds': { type: 'string', default: '30' },
    image: { type: 'string', default: nginxImage },
    json: { type: 'string' },
    only: { type: 'string', default: sections.join(',') },
    /** Measure here, with this engine; the folder takes data and logs, and stays. */
    'docker-socket': { type: 'string' },
    'work-dir': { type: 'string' },
  },
});

/** What has just started still cleans up behind itself. */
const settleMs = 10_000;

if (flags['docker-socket']) await measure(flags['docker-socket'], flags['work-dir'] ?? (await ownFolder()));
else await measureOnOwnHost();

async function ownFolder(): Promise<string> {
  return mkdtemp(joinPath(tmpdir(), 'wherry-bench-'));
}

async function measureOnOwnHost(): Promise<void> {
  const hosts = await openHosts({ names: ['a'], dockerIptables: true });
  try {
    const { host, docker } = hosts.host('a');
    await ensureImages(docker.socket);
    const json = joinPath(host.folder, 'report.json');
    const program = await host.spawn(process.execPath, [
      ...[joinPath(import.meta.dirname, 'pod-start.ts'), '--docker-socket', docker.socket],
      ...['--work-dir', joinPath(host.folder, 'bench'), ...process.argv.slice(2), '--json', json],
    ]);
    const { code } = await program.exited;
    console.log((await program.readLog()).trimEnd());
    if (code !== 0) throw new Error('the measurement failed');
    if (flags.json) await writeFile(flags.json, await readFile(json));
  } finally {
    await hosts.close();
  }
}

async function measure(dockerSocket: string, workDir: string): Promise<void> {
  await mkdir(workDir, { recursive: true });
  const programs = new Programs({ workDir, dockerSocket });
  const report: Report = { machine: await observeMachine(dockerSocket), loads: [] };
  const isWanted = (section: Section) => flags.only.split(',').includes(section);
  const begin = (section: Section) => report.loads.push({ section, load: observeLoad() });
  try {
    if (isWanted('start')) {
      begin('start');
      report.starts = await measureStarts(programs, Number(flags.starts));
    }
    if (isWanted('idle') || isWanted('pods') || isWanted('burst')) await measureUp();
    if (isWanted('idle')) await measureApart();
    if (isWanted('breakdown')) {
      begin('breakdown');
      report.breakdown = await measureBreakdown({ programs, image: flags.image, runs: Number(flags.runs) });
      await programs.uninstall();
    }
  } finally {
    await programs.stop();
  }
  if (flags.json) {
    await writeFile(`${flags.json}.part`, `${JSON.stringify(report, null, 2)}\n`);
    await rename(`${flags.json}.part`, flags.json);
  }
  console.log(reportText(report));

  async function measureUp(): Promise<void> {
    const { program } = await startUp(programs);
    if (isWanted('idle')) await idle('fresh', [program]);
    const { client, close } = await programs.connect();
    const watch = new PodWatch(client, benchNamespace);
    const floor = new DockerFloor({ dockerSocket, image: flags.image });
    const beside = { program, client, watch, image: flags.image, floor };
    if (isWanted('pods')) {
      begin('pods');
      report.pods = await measurePods(beside, Number(flags.runs));
    }
    if (isWanted('burst')) {
      begin('burst');
      report.bursts = await measureBursts(beside, Number(flags.bursts), Number(flags.replicas));
    }
    watch.close();
    await close();
    if (isWanted('idle') && isWanted('burst')) await idle('after the pods', [program]);
    await programs.stop();
    await programs.uninstall();
  }

  /** Master and agent as two programs. */
  async function measureApart(): Promise<void> {
    const { server, agent } = await join(programs);
    await idle('fresh', [server, agent]);
    await programs.stop();
    await programs.uninstall();
  }

  async function idle(when: string, running: Parameters<typeof idleFootprints>[0]): Promise<void> {
    await delay(settleMs);
    begin('idle');
    const footprints = await idleFootprints(running, Number(flags['idle-seconds']));
    report.footprints = [...(report.footprints ?? []), { when, footprints }];
  }
}
