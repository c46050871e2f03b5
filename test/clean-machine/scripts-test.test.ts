// scripts/test on a machine where nothing is installed: it brings what it needs, passes, and ends with the summary of its tests.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CleanMachine, openCleanMachine } from './clean-machine.ts';

let machine: CleanMachine;
before(async () => {
  machine = await openCleanMachine();
});
after(async () => {
  await machine.close();
});

for (const time of ['where nothing is installed', 'once more']) {
  test(`scripts/test passes on a clean machine ${time}`, async () => {
    const { code, stdout, stderr } = await machine.run('CI=true scripts/test', 1_800_000);
    assert.equal(code, 0, `${stdout}${stderr}`);
    const summary = stdout.trimEnd().split('\n').slice(-8);
    assert.match(summary.join('\n'), /^ℹ tests \d+\n.*\nℹ pass \d+\nℹ fail 0\n/);
  });
}
