// Who writes an object of an inert kind is told that nothing acts upon it. That must be true: whatever acts upon objects of
// a kind imports its entry, and then the kind is no longer inert.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTest, readSources, roomOf } from './source-tree.ts';

/**
 * What judges, counts, completes or protects objects does not yet do what they ask for. (For the kinds of admission itself
 * it would.)
 */
const onlyLooksOn = /^src\/apiserver\/(authz|admission)\/|-protection\.ts$/;
const isOfAdmission = /group: 'admissionregistration\.k8s\.io'/;

const kindsFolder = 'src/api/kinds/';
const shipped = readSources('src').filter(({ file }) => !isTest(file));
const inert = shipped.filter(({ file, text }) => file.startsWith(kindsFolder) && /^ {2}isInert: true,$/m.test(text));

test('there are inert kinds to judge', () => {
  assert.ok(inert.length > 0, 'no kind is inert any more: this test, the flag and its warning can go');
});

test('nothing acts upon an inert kind', () => {
  const actors = (kind: { file: string; text: string }) =>
    shipped
      .filter(({ file }) => roomOf(file) !== 'api' && (isOfAdmission.test(kind.text) || !onlyLooksOn.test(file)))
      .filter(({ imports }) => imports.some(({ target, isTypeOnly }) => target === kind.file && !isTypeOnly));
  const stale = inert.flatMap((kind) =>
    actors(kind).map(({ file }) => `${kind.file} says isInert, but ${file} acts upon it`),
  );
  assert.deepEqual(stale, []);
});

/** Kinds that only keep what was written, for whoever reads it. */
const records = new Set(['controller-revision.ts', 'pod-template.ts'].map((file) => kindsFolder + file));

test('a kind upon which nothing acts says so', () => {
  const imported = new Set(
    shipped
      .filter(({ file }) => roomOf(file) !== 'api')
      .flatMap(({ imports }) => imports.filter(({ isTypeOnly }) => !isTypeOnly).map(({ target }) => target)),
  );
  const silent = shipped
    .filter(({ file, text }) => file.startsWith(kindsFolder) && /\bdefineKind</.test(text))
    // A view is acted upon as the kind that it shows, and what is never stored is answered.
    .filter(({ text }) => !/^ {2}(isInert: true,|view: \{|verbs: \['create'\])/m.test(text))
    .filter(({ file }) => !imported.has(file) && !records.has(file))
    .map(({ file }) => `${file} is imported by nobody who would act upon it: isInert`);
  assert.deepEqual(silent, []);
});
