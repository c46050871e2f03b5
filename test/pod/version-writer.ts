// Shows one version of a folder after the other until it is killed: node version-writer.ts FOLDER FIRST. Says when the first one
// is there.
import { showVersion } from '../../src/node/volumes/atomic-folder.ts';

const [folder = '', first = '0'] = process.argv.slice(2);

async function show(version: number): Promise<void> {
  const file = (path: string) => [path, { content: Buffer.from(`${version}\n`.repeat(1_000)), mode: 0o644 }] as const;
  const payload = new Map([file('one'), file('deep/two'), file(`only-${version}`)]);
  await showVersion(folder, { payload, nowMs: Date.now() });
}

await show(Number(first));
process.stdout.write('begun\n');
for (let version = Number(first) + 1; ; version++) await show(version);
