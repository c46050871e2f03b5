import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageReference, pullName } from './image-reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

const cases: [text: string, pulled: string | undefined][] = [
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
  ['registry.example/web', 'registry.example/web:latest'],
  ['registry:5000/a/b/c:v1', 'registry:5000/a/b/c:v1'],
  ['localhost/web', 'localhost/web:latest'],
  ['localhost:5000/web:1', 'localhost:5000/web:1'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`nginx:1.27@${digest}`, `docker.io/library/nginx@${digest}`],
  ['a__b/c-d.e', 'docker.io/a__b/c-d.e:latest'],
  ['', undefined],
  ['Nginx', undefined],
  ['nginx:', undefined],
  ['nginx:-1', undefined],
  ['bad image', undefined],
  ['registry:5000/', undefined],
  ['a//b', undefined],
  ['nginx@sha256:12', undefined],
  [`nginx@${digest}@${digest}`, undefined],
  ['-bad-.example/web', undefined],
  [`${'a'.repeat(300)}`, undefined],
];

for (const [text, pulled] of cases)
  test(`"${text.slice(0, 60)}" is ${pulled ?? 'no name of an image'}`, () => {
    const reference = parseImageReference(text);
    assert.equal(reference && pullName(reference), pulled);
  });
