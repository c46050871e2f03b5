// The house keeps its plan: who may import whom, who alone knows a technology, no circles, and a picture that is true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTest, readSources, roomOf, root } from './source-tree.ts';

const loops = ['client', 'pki', 'api', 'base'];

/** What each room may import besides itself. */
const mayImport: Record<string, readonly string[]> = {
  main: ['cli'],
  cli: ['server', 'agent', 'node', 'network', 'backup', 'store', 'client', 'pki', 'api', 'base'],
  server: ['apiserver', 'scheduler', 'controllers', 'backup', 'store', 'client', 'pki', 'api', 'base'],
  agent: ['node', 'network', 'client', 'pki', 'api', 'base'],
  apiserver: ['store', 'client', 'pki', 'api', 'base'],
  scheduler: loops,
  controllers: loops,
  node: loops,
  network: loops,
  backup: ['store', 'api', 'base'],
  client: ['api', 'base'],
  store: ['api', 'base'],
  pki: ['api', 'base'],
  api: ['base'],
  base: [],
};

/** Packages and built-ins that one place alone may know. */
const knownIn: Record<string, string> = {
  dockerode: 'src/node/docker/',
  'node:sqlite': 'src/store/embedded/',
  'node:child_process': 'src/base/exec.ts',
  '@peculiar/x509': 'src/pki/',
  'reflect-metadata': 'src/pki/',
  commander: 'src/',
};

/** Global things, by the pattern with which they are used, and where that may be. */
const usedIn: { what: RegExp; where: RegExp }[] = [
  { what: /\bprocess\.(env|exit)\b/, where: /^src\/(main\.ts|cli\/)/ },
  { what: /(?<![.\w])(setTimeout|setInterval)\(/, where: /^src\/base\/clock\.ts$/ },
  { what: /\bshell:\s*true\b/, where: /^$/ },
  { what: /\bexecute\('u?mount'/, where: /^src\/node\/volumes\// },
];

const sources = readSources('src');
const shipped = sources.filter(({ file }) => !isTest(file));

test('the reader of imports finds what is there', () => {
  const main = shipped.find(({ file }) => file === 'src/server.ts');
  assert.ok(main?.imports.some(({ target }) => target === 'src/store/embedded/embedded-store.ts'));
  assert.ok(shipped.length > 100);
});

test('a room imports only what it may', () => {
  const wrong = shipped.flatMap(({ file, imports }) =>
    imports
      .filter(({ target }) => target.startsWith('src/') && roomOf(target) !== roomOf(file))
      .filter(({ target }) => !mayImport[roomOf(file)]?.includes(roomOf(target)))
      .map(({ target }) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('the API server knows the client by its types only', () => {
  const wrong = shipped
    .filter(({ file }) => roomOf(file) === 'apiserver')
    .flatMap(({ file, imports }) =>
      imports
        .filter(({ target, isTypeOnly }) => roomOf(target) === 'client' && !isTypeOnly)
        .map(({ target }) => `${file} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('a technology is known in one place', () => {
  const wrong = shipped.flatMap(({ file, imports }) =>
    imports
      .filter(({ target, isTypeOnly }) => !isTypeOnly && !file.startsWith(knownIn[target] ?? ''))
      .map(({ target }) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('the environment, timers and shells are used where they may be', () => {
  const wrong = shipped.flatMap(({ file, text }) =>
    usedIn.filter(({ what, where }) => what.test(text) && !where.test(file)).map(({ what }) => `${file} uses ${what}`),
  );
  assert.deepEqual(wrong, []);
});

test('no circles', () => {
  const targetsOf = new Map(shipped.map(({ file, imports }) => [file, imports.map(({ target }) => target)]));
  assert.deepEqual(circlesOf(targetsOf), []);
});

test('no circles among the rooms of controllers and scheduler', () => {
  const targetsOf = new Map<string, string[]>();
  for (const { file, imports } of shipped.filter(({ file }) => /^src\/(controllers|scheduler)\//.test(file))) {
    const room = innerRoomOf(file);
    const rooms = imports.map(({ target }) => innerRoomOf(target)).filter((target) => target !== room);
    targetsOf.set(room, [...(targetsOf.get(room) ?? []), ...rooms]);
  }
  assert.deepEqual(circlesOf(targetsOf), []);
});

/** The folder below a room ("src/scheduler/filters"); a file on the room's ground stands for itself. */
function innerRoomOf(file: string): string {
  return file.split('/').slice(0, 3).join('/');
}

function circlesOf(targetsOf: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const target of targetsOf.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targetsOf.keys()) visit(file, []);
  return circles;
}

test('the picture in ARCHITECTURE is what the imports say', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const picture = /```mermaid\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const drawn = [...picture.matchAll(/^\s*(\w+) --> (.+)$/gm)].flatMap(([, from, targets]) =>
    (targets ?? '').split('&').map((target) => `${from} --> ${target.trim()}`),
  );
  const imported = shipped.flatMap(({ file, imports }) =>
    imports
      .filter(({ target }) => target.startsWith('src/') && roomOf(target) !== roomOf(file))
      .map(({ target }) => `${roomOf(file)} --> ${roomOf(target)}`),
  );
  assert.deepEqual(drawn.sort(), [...new Set(imported)].sort());
});
