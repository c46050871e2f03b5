// A configuration laid over an object: what it says holds, all else stays. Never changes its arguments, shares their parts.
import { isFields } from '../meta.ts';
import { itemOf, itemsOf, listOf, partOf } from './fields-of.ts';
import type { Structure } from './structure.ts';

export function merge(structure: Structure, live: unknown, config: unknown): unknown {
  switch (structure.is) {
    case 'struct':
    case 'map':
    case 'free': {
      if (isFields(config)) return mergeParts(structure, isFields(live) ? live : {}, config);
      return config === null && structure.is !== 'free' && isFields(live) && Object.keys(live).length > 0
        ? live
        : config;
    }
    case 'listMap':
    case 'set':
      if (!Array.isArray(config)) return listOf(live).length > 0 ? live : config;
      return mergeItems(structure, listOf(live), config);
    default:
      return config;
  }
}

function mergeParts(structure: Structure, live: Record<string, unknown>, config: Record<string, unknown>): object {
  const result: Record<string, unknown> = { ...live };
  for (const [name, part] of Object.entries(config)) {
    result[name] = merge(partOf(structure, name), live[name], part);
  }
  return result;
}

/** In the order of the configuration; what only the object has keeps its place after the one before it. */
function mergeItems(
  structure: Extract<Structure, { is: 'listMap' | 'set' }>,
  live: readonly unknown[],
  config: readonly unknown[],
): unknown[] {
  const ofLive = itemsOf(structure, live);
  const ofConfig = itemsOf(structure, config);
  const result: unknown[] = [];
  const waiting = [...ofConfig.keys()];
  const done = new Set<string>();
  const takeNextOfConfig = () => {
    const element = waiting.shift();
    if (element === undefined) return;
    done.add(element);
    const [known] = ofLive.get(element) ?? [];
    const [said] = ofConfig.get(element) ?? [];
    result.push(structure.is === 'set' || known === undefined ? said : merge(itemOf(structure), known, said));
  };
  for (const [element, items] of ofLive) {
    if (!ofConfig.has(element)) result.push(...items);
    else while (!done.has(element)) takeNextOfConfig();
  }
  while (waiting.length > 0) takeNextOfConfig();
  return result;
}
