// YAML bodies and answers. A file of its own, loaded with the first of them: most clients speak JSON.
import { setImmediate } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { isFields } from '../../api/meta.ts';
import { BadRequest, RequestEntityTooLarge } from '../../api/status.ts';
import { asKubernetesReads } from '../../api/yaml-reading.ts';

/** Reading YAML takes long, and nothing else is done meanwhile. */
const bytesAtMost = 256 * 1024;

export function parseYaml(body: Buffer): unknown {
  if (body.length > bytesAtMost)
    throw new RequestEntityTooLarge(`a YAML body may have ${bytesAtMost} bytes, send JSON`);
  try {
    return parse(body.toString('utf8'), asBodiesAreRead);
  } catch (error) {
    throw new BadRequest(`error converting YAML to JSON: ${(error as Error).message}`);
  }
}

/** Each key would be compared with every other one. Of two that are the same the last counts, as in JSON. */
const asBodiesAreRead = { ...asKubernetesReads, uniqueKeys: false };

/** Long lists are written item by item, and whoever else wants something comes in between. */
export async function yamlOfJson(json: string): Promise<string> {
  const value: unknown = JSON.parse(json);
  if (!isFields(value) || !Array.isArray(value.items) || value.items.length === 0) return write(value);
  const { items, ...head } = value;
  const parts: string[] = [];
  for (const item of items) {
    parts.push(write([item]));
    if (parts.length % itemsAtOnce === 0) await setImmediate();
  }
  return write(head).replace(/^kind: /m, () => `items:\n${parts.join('')}kind: `);
}

const itemsAtOnce = 10;

const write = (value: unknown): string => stringify(value, { sortMapEntries: true, lineWidth: 0, indentSeq: false });
