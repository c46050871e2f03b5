// The recorded answers of a real API server, replayed against ours: what differs is what docs/api-differences.md names.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExecError, execute } from '../../src/base/exec.ts';
import { allControllers } from '../../src/controllers/all.ts';
import { TestServer } from '../controllers/test-server.ts';

const root = join(import.meta.dirname, '../..');
const replay = join(root, '../shared/golden/replay.mjs');
/** The loops that ran when the answers were recorded. */
const recordedWith = [
  ...['namespace', 'service-account', 'token-secrets', 'token-cleaner', 'root-ca', 'cluster-role-aggregation'],
  ...['garbage-collector', 'resource-quota', 'stale-disruption', 'claim-protection', 'volume-protection'],
];
const without = ['scheduler', ...Object.keys(allControllers).filter((name) => !recordedWith.includes(name))].join();
/** What is no part of the page case by case. */
const areaOfItsOwn = 'crd';

interface Report {
  cases: { area: string; name: string; passed: boolean; problems: { sev: string; text: string }[] }[];
}

const skip = existsSync(replay) ? false : `there are no recordings at ${replay}`;
if (skip) console.warn(`SKIPPED: recorded answers: ${skip}`);

test('the API answers as recorded, but for the differences that are written down', { skip }, async () => {
  const server = await TestServer.open(['--without', without]);
  try {
    const report = join(server.directory, 'replay.json');
    const asked = ['--kubeconfig', server.kubeconfigFile, '--json', report];
    // It ends with 1 when anything differs: the report says what.
    await execute(process.execPath, [replay, ...asked], { timeoutMs: 600_000 }).catch((error: unknown) => {
      if (!(error instanceof ExecError) || error.exitCode !== 1) throw error;
    });
    const { cases } = JSON.parse(await readFile(report, 'utf8')) as Report;
    assert.ok(cases.length > 300, `only ${cases.length} cases were replayed`);
    const differing = cases.filter(({ passed, area }) => !passed && area !== areaOfItsOwn);
    const page = await readFile(join(root, 'docs/api-differences.md'), 'utf8');
    const areas = new Set(cases.map(({ area }) => area));
    const named = [...page.matchAll(/`([a-z]+)\/([\w-]+)`/g)].filter(([, area]) => areas.has(area ?? ''));
    for (const { area, name, problems } of differing)
      if (!page.includes(`\`${area}/${name}\``))
        console.error(`${area}/${name}: ${problems.map(({ text }) => text).join('; ')}`);
    assert.deepEqual(
      differing.map(({ area, name }) => `${area}/${name}`).sort(),
      named.map(([, area, name]) => `${area}/${name}`).sort(),
    );
  } finally {
    await server.close();
  }
});
