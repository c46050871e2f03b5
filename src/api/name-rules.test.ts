import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelValueFaults, qualifiedNameFaults } from './label-rules.ts';
import {
  canonicalAddressFaults,
  canonicalRangeFaults,
  checkDomainPrefixedPath,
  hostFaults,
  isStrictSubrange,
  parseRange,
  pathSegmentFaults,
  portNameFaults,
  rangeFaults,
} from './name-rules.ts';
import type { NameRule } from './validation.ts';

const long = 'a'.repeat(64);

const cases: { rule: NameRule; good: string[]; bad: [text: string, fault: RegExp][] }[] = [
  {
    rule: qualifiedNameFaults,
    good: ['a', 'A_b.c-1', 'example.com/x'],
    bad: [
      ['', /^name part must be non-empty$/],
      ['/x', /^prefix part must be non-empty$/],
      ['Bad_/x', /^prefix part a lowercase RFC 1123 subdomain/],
      ['a/b/c', /^a qualified name must consist of .* with an optional DNS subdomain prefix/],
      [long, /^name part must be no more than 63/],
      ['bad key', /^name part must consist of alphanumeric/],
    ],
  },
  {
    rule: labelValueFaults,
    good: ['', '1', 'a.b'],
    bad: [
      ['-a', /^a valid label must be an empty string/],
      [long, /no more than 63/],
    ],
  },
  {
    rule: portNameFaults,
    good: ['http', 'a-1'],
    bad: [
      ['80', /at least one letter/],
      ['a--b', /consecutive hyphens/],
      ['-a', /begin or end with a hyphen/],
      ['a'.repeat(16), /no more than 15/],
      ['HTTP', /only alpha-numeric characters/],
    ],
  },
  {
    rule: pathSegmentFaults,
    good: ['a b'],
    bad: [
      ['..', /may not be '\.\.'/],
      ['a/b', /may not contain '\/'/],
    ],
  },
  {
    rule: hostFaults,
    good: ['a.b', '*.a.b'],
    bad: [
      ['*', /wildcard DNS-1123/],
      ['a.*', /wildcard/],
      ['A', /RFC 1123 subdomain/],
    ],
  },
  {
    rule: rangeFaults,
    good: ['10.0.0.1/8', '010.0.0.0/8', '::/0'],
    bad: [
      ['10.0.0.0', /CIDR/],
      ['10.0.0.0/33', /CIDR/],
    ],
  },
  {
    rule: canonicalRangeFaults,
    good: ['10.0.0.0/8', '2001:db8::/64'],
    bad: [
      ['10.0.0.1/8', /bits set beyond/],
      ['2001:DB8::/64', /canonical form \("2001:db8::\/64"\)/],
      ['10.0.0.0/08', /canonical form \("10.0.0.0\/8"\)/],
    ],
  },
  {
    rule: canonicalAddressFaults,
    good: ['10.0.0.1', '::1'],
    bad: [
      ['0:0::1', /canonical form \("::1"\)/],
      ['x', /valid IP/],
    ],
  },
];

for (const { rule, good, bad } of cases) {
  for (const text of good) test(`"${text}" is good`, () => assert.deepEqual(rule(text), []));
  for (const [text, fault] of bad)
    test(`"${text}": ${fault}`, () => assert.match(rule(text).join('\n'), new RegExp(fault, 'm')));
}

test('a prefixed path has a host and a path', () => {
  const faults = (text: string) => [...checkDomainPrefixedPath('f', text)].map(({ message }) => message);
  assert.deepEqual(faults('acme.io/foo/bar'), []);
  for (const [text, fault] of [
    ['', /^Required/],
    ['noslash', /domain-prefixed path/],
    ['a/', /domain-prefixed/],
    ['A_/b', /"A_": a lowercase/],
    ['a/ü', /"ü": Invalid path/],
  ] as const)
    assert.match(faults(text).join(), fault);
});

test('a range lies in another one', () => {
  const within = (inner: string, outer: string) => {
    const [one, other] = [parseRange(inner), parseRange(outer)];
    return one && other && isStrictSubrange(one, other);
  };
  assert.equal(within('10.1.0.0/16', '10.0.0.0/8'), true);
  assert.equal(within('10.0.0.0/8', '10.0.0.0/8'), false);
  assert.equal(within('11.0.0.0/16', '10.0.0.0/8'), false);
  assert.equal(within('2001:db8::/64', '10.0.0.0/8'), false);
});
