// What a write changes, field by field: what is new or different, and what is gone. On the way of every write.

import { equalJson } from '../equal-json.ts';
import { isFields } from '../meta.ts';
import { fieldElement } from './element.ts';
import { type FieldSet, type FieldSetDraft, isEmpty, noFields, self } from './field-set.ts';
import { itemOf, itemsOf, partOf, wholeOf } from './fields-of.ts';
import type { Structure } from './structure.ts';

export interface Difference {
  /** Added or with another value. */
  changed: FieldSet;
  removed: FieldSet;
}

const none: Difference = { changed: noFields, removed: noFields };
/** Of a leaf with another value. */
const replaced: Difference = { changed: self, removed: noFields };

export function compare(structure: Structure, before: unknown, after: unknown): Difference {
  const draft = new Draft();
  if (isFields(before) && isFields(after)) compareParts(draft, structure, before, after);
  return draft.difference;
}

/** Answers `replaced` itself where the value as one is another. */
function compareValue(structure: Structure, before: unknown, after: unknown): Difference {
  if (before === after) return none;
  switch (structure.is) {
    case 'ignored':
      return none;
    case 'struct':
    case 'map':
    case 'free': {
      const was = before ?? {};
      const now = after ?? {};
      if (!isFields(was) || !isFields(now)) return equalJson(before, after) ? none : replaced;
      const draft = new Draft();
      compareParts(draft, structure, was, now);
      return draft.difference;
    }
    case 'listMap':
    case 'set':
      return compareItems(structure, before, after);
    case 'leaf':
      return equalJson(before, after) ? none : replaced;
  }
}

function compareParts(
  draft: Draft,
  structure: Structure,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): void {
  for (const name in after) {
    const now = after[name];
    const was = before[name];
    if (now === was || now === undefined) continue;
    const inner = partOf(structure, name);
    if (inner.is === 'ignored') continue;
    if (was === undefined) draft.add(fieldElement(name), wholeOf(inner, now));
    else draft.take(fieldElement(name), compareValue(inner, was, now));
  }
  for (const name in before) {
    if (after[name] !== undefined || before[name] === undefined) continue;
    const inner = partOf(structure, name);
    if (inner.is !== 'ignored') draft.remove(fieldElement(name), wholeOf(inner, before[name]));
  }
}

function compareItems(
  structure: Extract<Structure, { is: 'listMap' | 'set' }>,
  before: unknown,
  after: unknown,
): Difference {
  const draft = new Draft();
  const item = structure.is === 'set' ? structure : itemOf(structure);
  const was = itemsOf(structure, before);
  const now = itemsOf(structure, after);
  for (const [element, items] of now) {
    const known = was.get(element);
    if (!known) draft.add(element, structure.is === 'set' ? self : wholeOf(item, items[0]));
    else if (items.length > 1 || known.length > 1) draft.take(element, equalJson(known, items) ? none : replaced);
    else if (structure.is === 'listMap') draft.take(element, compareValue(item, known[0], items[0]));
  }
  for (const [element, items] of was) {
    if (!now.has(element)) draft.remove(element, structure.is === 'set' ? self : wholeOf(item, items[0]));
  }
  return draft.difference;
}

class Draft {
  #changed: FieldSetDraft | undefined;
  #removed: FieldSetDraft | undefined;

  add(element: string, node: FieldSet): void {
    this.#changed ??= {};
    this.#changed[element] = node;
  }

  remove(element: string, node: FieldSet): void {
    this.#removed ??= {};
    this.#removed[element] = node;
  }

  take(element: string, inner: Difference): void {
    if (inner === none) return;
    if (inner === replaced || !isEmpty(inner.changed)) this.add(element, inner.changed);
    if (!isEmpty(inner.removed)) this.remove(element, inner.removed);
  }

  get difference(): Difference {
    if (!this.#changed && !this.#removed) return none;
    return { changed: this.#changed ?? noFields, removed: this.#removed ?? noFields };
  }
}

export function isSame({ changed, removed }: Difference): boolean {
  return isEmpty(changed) && isEmpty(removed);
}
