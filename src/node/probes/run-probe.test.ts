import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { type ExecOptions, ExecRefused, type Runtime } from '../runtime.ts';
import { Gate } from './gate.ts';
import { runProbe } from './run-probe.ts';

const target = { containerId: 'c', container: { name: 'main', image: 'i' }, address: '127.0.0.1' };
const probe = { exec: { command: ['ask'] } };

/** One command at once, which the runtime runs as it is told to. */
function asking(exec: (options: ExecOptions) => Promise<never>) {
  const runtime = { exec: (_id, _argv, options) => exec(options) } as Partial<Runtime> as Runtime;
  const tools = { runtime, clock: systemClock, execs: new Gate(1) };
  return { execs: tools.execs, run: () => runProbe(probe, target, tools, new AbortController().signal) };
}

test('a command that was given up keeps its place until nothing of it is left', async () => {
  let end: (() => void) | undefined;
  const { execs, run } = asking(async ({ onEnd }) => {
    end = onEnd;
    throw new ExecRefused('Docker did not run the command in time');
  });
  const { ended, ...outcome } = await run();
  assert.deepEqual(outcome, { result: 'unknown', text: 'Docker did not run the command in time' });
  await assert.rejects(execs.enter(AbortSignal.timeout(50)), { name: 'TimeoutError' });
  end?.();
  await ended;
  await execs.enter(AbortSignal.timeout(10_000));
});
