// How long the programs take to serve, from the command to what a client sees: on a host that has nothing yet, and again.
import { setTimeout as delay } from 'node:timers/promises';
import type { Program, Programs } from './programs.ts';
import { type Summary, summary } from './statistics.ts';

export interface StartTimes {
  what: string;
  apiReady?: Summary;
  nodeReady: Summary;
}

interface Start {
  apiReady?: number;
  nodeReady: number;
}

const secondMs = 1_000;

export async function measureStarts(programs: Programs, runs: number): Promise<StartTimes[]> {
  const starts = {
    'up, fresh': [] as Start[],
    'up, again': [] as Start[],
    'server, then agent joins': [] as Start[],
    'server and agent at once, again': [] as Start[],
  };
  for (let run = 0; run < runs; run += 1) {
    for (const what of ['up, fresh', 'up, again'] as const) {
      starts[what].push(await startUp(programs));
      await programs.stop();
      await delay(secondMs);
    }
    await programs.uninstall();
    starts['server, then agent joins'].push(await join(programs));
    await programs.stop();
    await delay(secondMs);
    starts['server and agent at once, again'].push(await bothAgain(programs));
    await programs.stop();
    await programs.uninstall();
  }
  return Object.entries(starts).map(([what, times]) => {
    const apiReady = times.flatMap((time) => time.apiReady ?? []);
    return {
      what,
      ...(apiReady.length > 0 && { apiReady: summary(apiReady) }),
      nodeReady: summary(times.map(({ nodeReady }) => nodeReady)),
    };
  });
}

export async function startUp(
  programs: Programs,
  flags: readonly string[] = [],
): Promise<Start & { program: Program }> {
  const program = programs.up(flags);
  await programs.apiReady(program);
  const apiReady = program.sinceStart();
  await programs.nodeReady(program);
  return { program, apiReady, nodeReady: program.sinceStart() };
}

/** Two programs; the node's time counts from the agent's start. */
export async function join(programs: Programs): Promise<Start & { server: Program; agent: Program }> {
  const server = programs.server();
  await programs.apiReady(server);
  const apiReady = server.sinceStart();
  const agent = await programs.agent(await programs.joinToken());
  await programs.nodeReady(agent);
  return { server, agent, apiReady, nodeReady: agent.sinceStart() };
}

async function bothAgain(programs: Programs): Promise<Start> {
  const server = programs.server();
  const agent = await programs.agent();
  await programs.apiReady(server);
  const apiReady = server.sinceStart();
  await programs.nodeReady(agent);
  return { apiReady, nodeReady: server.sinceStart() };
}
