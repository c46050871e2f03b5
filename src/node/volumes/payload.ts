// What a volume of files holds: contents by path, chosen out of objects as the manifest says.
import type { KubeObject } from '../../api/meta.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface PayloadFile {
  content: Uint8Array;
  mode: number;
  /** Whose file it is, where that is not root. */
  uid?: number | undefined;
}

/** By path below the volume. */
export type Payload = Map<string, PayloadFile>;

export interface Choice {
  items?: { key: string; path: string; mode?: number | undefined }[] | undefined;
  optional?: boolean | undefined;
}

export interface Contents {
  /** As errors call it. */
  what: string;
  keyProblem(key: string): string;
  /** Undefined where there is no such object. */
  data: Map<string, Uint8Array> | undefined;
}

/** All keys, or those that are chosen. What is missing is a problem unless it may be. */
export function chosenFiles({ what, keyProblem, data }: Contents, choice: Choice, defaultMode: number): Payload {
  const files: Payload = new Map();
  if (!data && !choice.optional) throw new VolumeProblem(`${what} not found`);
  if (!choice.items?.length) {
    for (const [key, content] of data ?? []) files.set(key, { content, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode } of choice.items) {
    const content = data?.get(key);
    if (content) files.set(path, { content, mode: mode ?? defaultMode });
    else if (!choice.optional) throw new VolumeProblem(keyProblem(key));
  }
  return files;
}

type Texts = Record<string, string> | undefined;

export function configMapContents(name: string, object: KubeObject | undefined): Contents {
  const { data, binaryData } = (object ?? {}) as { data?: Texts; binaryData?: Texts };
  return {
    what: `configmap "${name}"`,
    keyProblem: (key) => `configmap references non-existent config key: ${key}`,
    data: object && new Map([...bytes(data, 'utf8'), ...bytes(binaryData, 'base64')]),
  };
}

export function secretContents(name: string, object: KubeObject | undefined): Contents {
  const { data } = (object ?? {}) as { data?: Texts };
  return {
    what: `secret "${name}"`,
    keyProblem: (key) => `references non-existent secret key: ${key}`,
    data: object && new Map(bytes(data, 'base64')),
  };
}

function bytes(texts: Texts, encoding: 'utf8' | 'base64'): [string, Uint8Array][] {
  return Object.entries(texts ?? {}).map(([key, text]) => [key, Buffer.from(text, encoding)]);
}
