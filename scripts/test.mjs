// Runs test files and says how many tests passed and failed: node scripts/test.mjs FILE...
// What needs nothing but a processor runs two files at a time; those with hosts and containers measure, and run alone.
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const sharesTheMachine = (file) => /^(src|test\/(api|cli|controllers))\//.test(file);
const files = process.argv.slice(2);
const groups = [
  { files: files.filter(sharesTheMachine), concurrency: 2 },
  { files: files.filter((file) => !sharesTheMachine(file)), concurrency: 1 },
];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const group of groups.filter((each) => each.files.length > 0)) {
  const tests = run(group);
  tests.on('test:summary', ({ file, counts }) => {
    if (file) return;
    total.passed += counts.passed;
    total.failed += counts.failed + counts.cancelled;
    total.skipped += counts.skipped;
  });
  for await (const text of tests.compose(new spec())) process.stdout.write(text);
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
