// Where the time of a pod goes: what a watch sees and what the agent asks of Docker, on one time line from the creation.
import { openDockerTrace } from './docker-trace.ts';
import { benchNamespace, livePod } from './pod-life.ts';
import { PodWatch } from './pod-watch.ts';
import { componentTimes, type Program, Programs } from './programs.ts';
import { startUp } from './starts.ts';
import { median } from './statistics.ts';

export interface Span {
  what: string;
  /** Milliseconds since the creation (or the deletion) was asked for; medians. */
  begins: number;
  lasts: number;
}

export interface Breakdown {
  start: { component: string; ms: number }[];
  creation: Span[];
  deletion: Span[];
}

export interface BreakdownOptions {
  programs: Programs;
  image: string;
  runs: number;
}

export async function measureBreakdown({ programs, image, runs }: BreakdownOptions): Promise<Breakdown> {
  const { workDir, dockerSocket } = programs.options;
  const traced = `${workDir}/traced.sock`;
  const trace = await openDockerTrace(traced, dockerSocket);
  const through = new Programs({ workDir, dockerSocket: traced });
  const { program } = await startUp(through, ['--verbose']);
  const { client, close } = await through.connect();
  const watch = new PodWatch(client, benchNamespace);
  const creations: Span[][] = [];
  const deletions: Span[][] = [];
  try {
    await livePod({ client, watch, image }, 'warm-up');
    for (let run = 0; run < runs; run += 1) {
      trace.take();
      const life = await livePod({ client, watch, image }, `traced-${run}`);
      const calls = trace.take();
      const spans = (sinceMs: number, untilMs: number) =>
        calls
          .filter(({ begun }) => begun >= sinceMs && begun < untilMs)
          .map(({ what, begun, ended }) => ({
            what: `Docker: ${what}`,
            begins: begun - sinceMs,
            lasts: ended - begun,
          }));
      const { begun, deletionBegun } = life;
      creations.push([
        { what: 'API: the creation is answered', begins: 0, lasts: life.created },
        { what: 'watch: the pod has a node', begins: life.scheduled, lasts: 0 },
        ...spans(begun, deletionBegun),
        { what: 'watch: the pod is Running', begins: life.running, lasts: 0 },
      ]);
      deletions.push([
        { what: 'API: the deletion is answered', begins: 0, lasts: life.deletionAnswered },
        ...spans(deletionBegun, Number.POSITIVE_INFINITY),
        { what: 'watch: the pod is gone', begins: life.gone, lasts: 0 },
      ]);
    }
    return { start: await startOf(program), creation: medians(creations), deletion: medians(deletions) };
  } finally {
    watch.close();
    await close();
    await through.stop();
    trace.close();
  }
}

async function startOf({ log }: Program) {
  return (await componentTimes(log)).filter(({ ms }) => ms > 0);
}

/** Of what happened in more than half of the runs, in the order in which it began. */
function medians(runs: readonly (readonly Span[])[]): Span[] {
  const byName = new Map<string, Span[]>();
  for (const spans of runs)
    for (const { name, span } of numbered(spans)) byName.set(name, [...(byName.get(name) ?? []), span]);
  return [...byName]
    .filter(([, spans]) => spans.length > runs.length / 2)
    .map(([what, spans]) => ({
      what,
      begins: median(spans.map(({ begins }) => begins)),
      lasts: median(spans.map(({ lasts }) => lasts)),
    }))
    .sort((a, b) => a.begins - b.begins);
}

/** The second of the same name in one run is another than the first. */
function numbered(spans: readonly Span[]): { name: string; span: Span }[] {
  const counts = new Map<string, number>();
  return spans.map((span) => {
    const count = (counts.get(span.what) ?? 0) + 1;
    counts.set(span.what, count);
    return { name: count === 1 ? span.what : `${span.what} (${count})`, span };
  });
}
