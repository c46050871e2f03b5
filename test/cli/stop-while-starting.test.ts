// A program that is told to stop while it still waits for what does not come ends at once, and well.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

const run = join(import.meta.dirname, '../../src/cli/run.ts');
const program = `
import { runUntilSignal, logFor } from '${run}';
const stopped = [];
const waits = (signal) => new Promise((_, reject) => {
  const timer = setInterval(() => {}, 1000);
  signal.addEventListener('abort', () => { clearInterval(timer); reject(signal.reason); });
});
await runUntilSignal(() => [
  { name: 'first', start: async () => {}, stop: async () => { stopped.push('first'); } },
  { name: 'waits for ever', start: async (signal) => { console.log('waiting'); await waits(signal); } },
  { name: 'never', start: async () => { stopped.push('never'); } },
], logFor({}));
console.log('ended', stopped.join());
`;

test('SIGTERM while a component is being started stops those that are, and starts no more', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let problems = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('waiting')) child.kill('SIGTERM');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const [code] = await once(child, 'close');
  assert.match(output, /ended first$/m, problems);
  assert.equal(code, 0, problems);
});
