import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  lookAtCgroups,
  lookAtClock,
  lookAtDataDir,
  lookAtDocker,
  lookAtName,
  lookAtPort,
  lookAtUser,
} from './host-checks.ts';

const directory = mkdtempSync(join(tmpdir(), 'wherry-checks-'));
after(() => rmSync(directory, { recursive: true }));

test('what is well is well, and what is not says why and what to do', async () => {
  mkdirSync(join(directory, 'v1/cpu'), { recursive: true });
  mkdirSync(join(directory, 'v2'));
  writeFileSync(join(directory, 'v2/cgroup.controllers'), 'cpuset cpu io memory hugetlb pids\n');
  const cases = [
    [lookAtUser(0), 'ok', /root/],
    [lookAtUser(1000), 'fail', /root/],
    [lookAtClock(new Date('2026-01-01')), 'ok', /2026/],
    [lookAtClock(new Date(0)), 'fail', /1970/],
    [lookAtName('node-1.example'), 'ok', /node-1/],
    [lookAtName('Node_1'), 'fail', /cannot be a node's name/],
    [lookAtCgroups(join(directory, 'v2')), 'ok', /version 2/],
    [lookAtCgroups(join(directory, 'v1')), 'fail', /memory, pids/],
  ] as const;
  for (const [finding, level, text] of cases) {
    assert.equal(finding.level, level, finding.text);
    assert.match(finding.text, text);
    assert.equal(finding.remedy !== undefined, level !== 'ok', finding.text);
  }
  const [room] = await lookAtDataDir(join(directory, 'not/yet/there'));
  assert.match(room?.text ?? '', /not\/yet\/there has \d+ MB left/);
});

test('a port that somebody has is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const taken = await lookAtPort(port, '127.0.0.1', '--https-port');
  assert.deepEqual([taken.level, /in use/.test(taken.text)], ['fail', true]);
  assert.match(taken.remedy ?? '', /--https-port/);
  server.close();
  await once(server, 'close');
  assert.equal((await lookAtPort(port, '127.0.0.1', '--https-port')).level, 'ok');
});

test('a Docker Engine answers, is too old, talks nonsense, or is not there', async () => {
  const socket = join(directory, 'docker.sock');
  let answer = '';
  const server = createHttpServer((_request, response) => response.end(answer)).listen(socket);
  await once(server, 'listening');
  for (const [text, level, said] of [
    ['{"Version":"28.0.1","ApiVersion":"1.48"}', 'ok', /28\.0\.1 \(API 1\.48\)/],
    ['{"Version":"19.03","ApiVersion":"1.40"}', 'fail', /too old/],
    ['<html>', 'fail', /cannot be asked/],
  ] as const) {
    answer = text;
    const finding = await lookAtDocker(socket);
    assert.equal(finding.level, level, finding.text);
    assert.match(finding.text, said);
  }
  server.close();
  await once(server, 'close');
  assert.match((await lookAtDocker(socket)).text, /there is no Docker Engine/);
});
