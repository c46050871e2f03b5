// The hand-over from client-side apply: kubectl noted in an annotation what it applied last. Under its own name it may take
// what it says there from the entries of its updates, and the note is kept up so that older clients can go on.
import { isFields, type KubeObject } from '../meta.ts';
import { compare } from './compare.ts';
import { difference, type FieldSet, noFields } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import type { Writer } from './owners.ts';
import type { Structure } from './structure.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
/** All annotations of an object together. */
const bytesAtMost = 256 * 1024;

export function keepsLastApplied(writer: Writer, live: KubeObject): boolean {
  return writer.manager === 'kubectl' && live.metadata.annotations?.[annotation] !== undefined;
}

/** What the note says and still holds. */
export function fieldsLastApplied(structure: Structure, live: KubeObject): FieldSet {
  const noted = readNote(live.metadata.annotations?.[annotation]);
  if (!noted) return noFields;
  const { changed, removed } = compare(structure, noted, live);
  return difference(difference(fieldsOf(structure, noted), changed), removed);
}

function readNote(text = ''): object | undefined {
  try {
    const noted: unknown = JSON.parse(text);
    return isFields(noted) ? noted : undefined;
  } catch {
    return undefined; // written by whoever: it then allows nothing
  }
}

/** The object with a note of this configuration, or without any where it would be too long. */
export function withLastApplied(object: Record<string, unknown>, config: Record<string, unknown>) {
  const metadata = isFields(object.metadata) ? object.metadata : {};
  const { [annotation]: _, ...others } = isFields(metadata.annotations) ? metadata.annotations : {};
  const annotations = { ...others, [annotation]: `${JSON.stringify(inOrder(noteOf(config)))}\n` };
  const isTooLong = Object.entries(annotations).join('').length > bytesAtMost;
  return { ...object, metadata: { ...metadata, annotations: isTooLong ? others : annotations } };
}

/** The configuration without what is no part of it: who owns it, and the note itself. */
function noteOf(config: Record<string, unknown>): object {
  if (!isFields(config.metadata)) return config;
  const { managedFields, annotations, ...metadata } = config.metadata;
  if (!isFields(annotations)) return { ...config, metadata };
  const { [annotation]: _, ...others } = annotations;
  return { ...config, metadata: { ...metadata, ...(Object.keys(others).length > 0 && { annotations: others }) } };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, inOrder(value[key])]),
  );
}
