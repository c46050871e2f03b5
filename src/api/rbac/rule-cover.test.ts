import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from './policy-rule.ts';
import { compact, ruleText, uncovered } from './rule-cover.ts';

const rule = (verbs: string[], resources: string[], apiGroups = [''], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});
const paths = (verbs: string[], nonResourceURLs: string[]): PolicyRule => ({ verbs, nonResourceURLs });

const cases: { name: string; owned: PolicyRule[]; wanted: PolicyRule[]; missing: string[] }[] = [
  { name: 'the same', owned: [rule(['get'], ['pods'])], wanted: [rule(['get'], ['pods'])], missing: [] },
  {
    name: 'several that cover one together',
    owned: [rule(['get'], ['pods']), rule(['list'], ['pods']), rule(['get', 'list'], ['nodes'])],
    wanted: [rule(['get', 'list'], ['pods', 'nodes'])],
    missing: [],
  },
  {
    name: 'a verb and a resource more',
    owned: [rule(['get'], ['pods'])],
    wanted: [rule(['get', 'list'], ['pods', 'secrets'])],
    missing: [
      '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    ],
  },
  { name: 'stars', owned: [rule(['*'], ['*'], ['*'])], wanted: [rule(['x'], ['*/scale'], ['g'])], missing: [] },
  {
    name: 'a star that is wanted',
    owned: [rule(['get', 'list'], ['pods'])],
    wanted: [rule(['*'], ['pods'])],
    missing: ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
  },
  {
    name: 'a subresource of all',
    owned: [rule(['get'], ['*/scale'])],
    wanted: [rule(['get'], ['x/scale'])],
    missing: [],
  },
  {
    name: 'all where some names are owned',
    owned: [rule(['get'], ['secrets'], [''], ['a', 'b'])],
    wanted: [rule(['get'], ['secrets'])],
    missing: ['{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'],
  },
  {
    name: 'a name more',
    owned: [rule(['get'], ['secrets'], [''], ['a'])],
    wanted: [rule(['get'], ['secrets'], [''], ['a', 'c'])],
    missing: ['{APIGroups:[""], Resources:["secrets"], ResourceNames:["c"], Verbs:["get"]}'],
  },
  { name: 'paths', owned: [paths(['get'], ['/a/*'])], wanted: [paths(['get'], ['/a/b', '/a/c/*'])], missing: [] },
  {
    name: 'a path more',
    owned: [paths(['get'], ['/a'])],
    wanted: [paths(['get'], ['/a', '/b'])],
    missing: ['{NonResourceURLs:["/b"], Verbs:["get"]}'],
  },
];

for (const { name, owned, wanted, missing } of cases) {
  test(`rules cover ${name}: ${missing.length === 0 ? 'yes' : 'no'}`, () =>
    assert.deepEqual(compact(uncovered(owned, wanted)).map(ruleText), missing));
}
