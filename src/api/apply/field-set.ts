// Sets of fields in the form in which they go over the wire (FieldsV1): {"f:spec": {"f:replicas": {}}}. An element without
// children is in the set itself; one with children only if it has ".". Sets are never changed once made.

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The node of an element that is in the set, with nothing in it. */
export const self: FieldSet = Object.freeze({});
/** The set of nothing. */
export const noFields: FieldSet = Object.freeze({});

/** While it is being made. */
export type FieldSetDraft = Record<string, FieldSet>;

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the element that has this node is itself in the set, not only something in it. */
export function isMember(node: FieldSet): boolean {
  return '.' in node || isEmpty(node);
}

/** The node as one that names itself, so that nodes with and without children are treated alike. */
function spelledOut(node: FieldSet): FieldSet {
  return isEmpty(node) ? { '.': self } : node;
}

function shortened(node: FieldSet): FieldSet {
  let count = 0;
  for (const _ in node) if (++count > 1) return node;
  return '.' in node ? self : node;
}

/** The node with itself in the set. */
export function withSelf(node: FieldSet): FieldSet {
  return isMember(node) ? node : { '.': self, ...node };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  const result: FieldSetDraft = { ...a };
  for (const [element, ofB] of Object.entries(b)) {
    const ofA = result[element];
    if (ofA === undefined) result[element] = ofB;
    else if (element !== '.' && ofA !== ofB) result[element] = shortened(union(spelledOut(ofA), spelledOut(ofB)));
  }
  return result;
}

/** What is in the one and not in the other. The same object where nothing is taken away. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  let result: FieldSetDraft | undefined;
  for (const element in b) {
    const ofA = a[element];
    if (ofA === undefined) continue;
    const left = element === '.' ? noFields : difference(spelledOut(ofA), spelledOut(b[element] as FieldSet));
    if (element !== '.' && sameMembers(left, ofA)) continue;
    result ??= { ...a };
    if (isEmpty(left)) delete result[element];
    else result[element] = shortened(left);
  }
  return result ?? a;
}

/** Of a difference, which has no member that the other one lacks. */
function sameMembers(left: FieldSet, node: FieldSet): boolean {
  return left === node || (isEmpty(node) && '.' in left);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSetDraft = {};
  for (const element in a) {
    const ofB = b[element];
    if (ofB === undefined) continue;
    if (element === '.') result[element] = self;
    else {
      const both = intersection(spelledOut(a[element] as FieldSet), spelledOut(ofB));
      if (!isEmpty(both)) result[element] = shortened(both);
    }
  }
  return result;
}

/** The paths of all members, in order. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  for (const element of Object.keys(set).sort()) {
    if (element === '.') continue;
    const node = set[element] as FieldSet;
    const path = [...prefix, element];
    if (isMember(node)) yield path;
    yield* pathsOf(node, path);
  }
}

/** The same set with its elements in order, as it is stored. */
export function ordered(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length === 0) return self;
  const result: FieldSetDraft = {};
  for (const element of elements.sort()) result[element] = ordered(set[element] as FieldSet);
  return result;
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  const elements = Object.keys(a);
  if (elements.length !== Object.keys(b).length) return false;
  return elements.every((element) => {
    const ofB = b[element];
    return ofB !== undefined && sameSet(a[element] as FieldSet, ofB);
  });
}
