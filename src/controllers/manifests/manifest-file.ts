// A manifest: what the text of a file asks for, object by object, in the order in which they are to be applied.
import { parse } from 'yaml';
import { allKinds } from '../../api/kinds/all.ts';
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import { isFields, type KubeObject } from '../../api/meta.ts';
import { asKubernetesReads } from '../../api/yaml-reading.ts';
import { Breath } from '../../base/breath.ts';

/** One object of a file: what is to be applied, and where. */
export interface ManifestObject {
  /** Undefined where the cluster does not know the kind, or not yet. */
  kind: Kind | undefined;
  /** As the file has it, with a namespace where the kind is in one. */
  object: KubeObject;
  /** The same for all that is said of one object. */
  key: string;
}

/** A file of which nothing is applied; the text says why. */
export class ManifestFault extends Error {}

/** Reading YAML takes long, and nothing else is done meanwhile. No object that may be kept is as large. */
const documentAtMost = 1024 * 1024;

/** Throws ManifestFault. Others get their turn between two documents. */
export async function readManifest(text: string): Promise<ManifestObject[]> {
  const breath = new Breath();
  const objects: ManifestObject[] = [];
  for (const document of documentsIn(text)) {
    objects.push(...objectsIn(parsed(document)));
    await breath.pause();
  }
  // A file is empty for a moment when somebody writes it anew.
  if (objects.length === 0) throw new ManifestFault('it says nothing: remove it if that is meant');
  const seen = new Set<string>();
  for (const { key, object } of objects) {
    if (seen.has(key)) throw new ManifestFault(`it has ${titleOf(object)} twice`);
    seen.add(key);
  }
  return objects.sort((one, other) => rankOf(one.object) - rankOf(other.object));
}

/** Each with the lines before it left empty, so that the place of a fault is that in the file. */
function documentsIn(text: string): string[] {
  const documents = [''];
  let line = 0;
  for (const content of text.split(/\r?\n/)) {
    if (/^---(\s|$)/.test(content)) documents.push(`${'\n'.repeat(line)}   ${content.slice(3)}\n`);
    else documents.push(`${documents.pop()}${content}\n`);
    line += 1;
  }
  return documents.filter((document) => document.trim() !== '');
}

function parsed(document: string): unknown {
  if (document.length > documentAtMost)
    throw new ManifestFault(`one of its documents has over ${documentAtMost} bytes`);
  try {
    // What is written as JSON is read as such, which is much faster.
    return /^\s*[{[]/.test(document) ? JSON.parse(document) : parse(document, asKubernetesReads);
  } catch (error) {
    // With the place; a picture of it may follow.
    throw new ManifestFault((error as Error).message.split('\n')[0]?.replace(/:$/, ''));
  }
}

/** Nothing, an object, or a list of them. */
function* objectsIn(value: unknown): Iterable<ManifestObject> {
  if (value === null || value === undefined) return;
  if (!isFields(value)) throw new ManifestFault('it has something that is no object');
  const { apiVersion, kind, items } = value;
  if (typeof apiVersion !== 'string' || !apiVersion) throw new ManifestFault("an object's apiVersion is not set");
  if (typeof kind !== 'string' || !kind) throw new ManifestFault("an object's kind is not set");
  if (!kind.endsWith('List') || !Array.isArray(items)) return yield manifestObject(value);
  // What is in a list of one kind need not name it again.
  const known = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
  for (const item of items) yield* objectsIn(isFields(item) ? { ...known, ...item } : item);
}

function manifestObject(value: Record<string, unknown>): ManifestObject {
  const title = `${value.kind} (${value.apiVersion})`;
  const metadata = isFields(value.metadata) ? value.metadata : {};
  const { name, namespace, generateName } = metadata;
  if (generateName !== undefined && name === undefined)
    throw new ManifestFault(`${title} has no name of its own: generateName makes another object each time`);
  if (typeof name !== 'string' || !name) throw new ManifestFault(`${title} has no metadata.name`);
  if (namespace !== undefined && typeof namespace !== 'string')
    throw new ManifestFault(`${title} ${name}: metadata.namespace is no text`);
  const kind = kindOf(String(value.apiVersion), String(value.kind));
  if (namespace && kind && !kind.namespaced) throw new ManifestFault(`${title} ${name} is in no namespace`);
  const isIn = kind?.namespaced ? { namespace: namespace || 'default' } : {};
  const object = { ...value, metadata: { ...metadata, ...isIn } } as unknown as KubeObject;
  const group = object.apiVersion.split('/').slice(0, -1).join('');
  return { kind, object, key: keyOfObject(group, object) };
}

/** All versions of a group show the same object. */
export function keyOfObject(group: string, { kind, metadata: { namespace = '', name } }: KubeObject): string {
  return [group, kind, namespace, name].join('/');
}

function kindOf(apiVersion: string, kind: string): Kind | undefined {
  return allKinds.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
}

/** Kinds before their objects, and namespaces before what is in them; the rest as it was written. */
function rankOf({ kind }: KubeObject): number {
  const first = ['CustomResourceDefinition', 'Namespace'];
  return first.includes(kind) ? first.indexOf(kind) : first.length;
}

/** As people name an object: "Deployment web/nginx". */
export function titleOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}
