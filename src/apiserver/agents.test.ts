import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../api/kinds/pod.ts';
import { containerOf } from './agents.ts';

const named = (...names: string[]) => names.map((name) => ({ name, image: 'x' }));
const debugged = { initContainers: named('first'), ephemeralContainers: named('debugger') };

test('which container of a pod is meant', () => {
  const unsaid = /a container name must be specified for pod web, choose one of: \[first main side debugger\]/;
  const cases: [what: string, spec: object, asked: string | undefined, meant: string | RegExp, preferred?: string][] = [
    ['the only one', { containers: named('main') }, undefined, 'main'],
    ['the only one beside those of its beginning and of who looks for a fault', debugged, undefined, 'main'],
    ['the only one, whatever is preferred', debugged, undefined, 'main', 'first'],
    ['the one that is asked for', debugged, 'debugger', 'debugger', 'main'],
    ['one that there is not', debugged, 'nope', /container nope is not valid for pod web/],
    ['one of two', { ...debugged, containers: named('main', 'side') }, undefined, unsaid],
    ['the preferred one of two', { containers: named('main', 'side') }, undefined, 'side', 'side'],
    [
      'a preferred one that there is not',
      { ...debugged, containers: named('main', 'side') },
      undefined,
      unsaid,
      'nope',
    ],
  ];
  for (const [what, spec, asked, meant, preferred] of cases) {
    const annotations = preferred && { 'kubectl.kubernetes.io/default-container': preferred };
    const metadata = { namespace: 'default', name: 'web', ...(annotations && { annotations }) };
    const pod = { metadata, spec: { containers: named('main'), ...spec } } as unknown as Pod;
    if (typeof meant === 'string') assert.equal(containerOf(pod, asked), meant, what);
    else assert.throws(() => containerOf(pod, asked), meant, what);
  }
});
