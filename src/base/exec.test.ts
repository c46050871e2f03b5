import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecError, execute } from './exec.ts';

const sh = (text: string, options = {}) => execute('sh', ['-c', text], options);

test('what a program writes is answered, and what it complains of is told', async () => {
  assert.equal(await execute('cat', [], { input: 'in' }), 'in');
  await assert.rejects(
    sh('echo no >&2; exit 3'),
    (error) => error instanceof ExecError && error.exitCode === 3 && error.stderr === 'no\n',
  );
  await assert.rejects(execute('no-such-program', []), /no-such-program.*ENOENT/);
});

test('one that does not end in time is killed, whatever it thinks of that, and waited for no longer', async () => {
  const run = sh('trap "" TERM; echo $$ >&2; exec sleep 1000', { timeoutMs: 300 });
  await assert.rejects(
    run,
    (error) => error instanceof ExecError && error.exitCode === null && /not within 300 ms/.test(error.message),
  );
});

test('nobody waits for a child that outlives a program that was killed', async () => {
  // It holds the output open, as a program does that the kernel cannot end.
  await assert.rejects(sh('sleep 5 & sleep 5; true', { timeoutMs: 200 }), /not within 200 ms/);
});

test('an abort ends it', async () => {
  const abort = new AbortController();
  const run = sh('exec sleep 1000', { signal: abort.signal });
  abort.abort();
  await assert.rejects(run, /abort/);
});
