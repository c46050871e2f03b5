// An object without any content, as new ones are compared with: parts that are there whatever one writes belong to nobody.
import type { Structure } from './structure.ts';

/** Fields whose object is always there, at least empty. */
const alwaysThere =
  'metadata spec status template strategy updateStrategy jobTemplate resources loadBalancer nodeInfo daemonEndpoints kubeletEndpoint'.split(
    ' ',
  );

const made = new WeakMap<Structure, object>();

export function blankOf(structure: Structure): Readonly<Record<string, unknown>> {
  let blank = made.get(structure);
  if (!blank) {
    blank = Object.freeze(Object.fromEntries(partsOf(structure)));
    made.set(structure, blank);
  }
  return blank as Readonly<Record<string, unknown>>;
}

function partsOf(structure: Structure): [string, object][] {
  if (structure.is !== 'struct') return [];
  return alwaysThere.flatMap((name) => {
    const part = structure.fieldNamed(name);
    return part.is === 'struct' ? [[name, blankOf(part)] as [string, object]] : [];
  });
}
