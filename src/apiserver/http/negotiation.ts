// In which form an answer is wanted: the object itself, a table for people, or metadata only; and in which encoding.
import { isStored, type Kind } from '../../api/kinds/kind.ts';
import { typeOfKind } from '../../api/openapi/schema.ts';
import { NotAcceptable } from '../../api/status.ts';
import type { RestVerb } from '../rest/request.ts';

export type Representation = 'object' | 'table' | 'partial';
export type Encoding = 'json' | 'yaml' | 'protobuf';

export interface Wanted {
  representation: Representation;
  encoding: Encoding;
}

export const protobufType = 'application/vnd.kubernetes.protobuf';

const encodings: Record<string, Encoding> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [protobufType]: 'protobuf',
};
const served = ['application/json', 'application/yaml', protobufType];

interface AcceptEntry {
  mediaType: string;
  parameters: Record<string, string>;
  quality: number;
}

/** The best that can be served of what an Accept header asks for. */
export function wantedOf(accept: string | undefined, verb: RestVerb, kind: Kind): Wanted {
  for (const { mediaType, parameters } of entriesOf(accept)) {
    const encoding = encodings[mediaType];
    const representation = encoding && representationOf(parameters, verb, kind);
    if (!encoding || !representation) continue;
    if (encoding !== 'protobuf' || hasProtobuf(kind, representation)) return { representation, encoding };
  }
  throw new NotAcceptable(served.filter((mediaType) => encodings[mediaType] !== 'protobuf' || typeOfKind(kind)));
}

/** Metadata have one for whatever they are of, tables have none, and kinds of Kubernetes' own. */
function hasProtobuf(kind: Kind, representation: Representation): boolean {
  return representation === 'partial' || (representation === 'object' && typeOfKind(kind) !== undefined);
}

/** The encoding alone, for what comes in one shape only; JSON where none suits, as an error is better told than kept. */
export function encodingOf(accept: string | undefined): Encoding {
  return (
    entriesOf(accept)
      .map(({ mediaType }) => encodings[mediaType])
      .find((encoding) => encoding) ?? 'json'
  );
}

/** Whether a document can be served in any form that is accepted. */
export function checkAcceptable(accept: string | undefined): void {
  if (!entriesOf(accept).some(({ mediaType }) => mediaType in encodings)) throw new NotAcceptable(served);
}

function representationOf(
  { as, v = 'v1' }: Record<string, string>,
  verb: RestVerb,
  kind: Kind,
): Representation | undefined {
  if (as === undefined) return 'object';
  if (v !== 'v1') return undefined;
  const isList = verb === 'list' || verb === 'deletecollection';
  switch (as) {
    case 'Table':
      // What is only answered has nothing that a table could show.
      return isStored(kind) ? 'table' : undefined;
    case 'PartialObjectMetadata':
      if (isList)
        throw new NotAcceptable(served, 'you requested PartialObjectMetadata, but the requested object is a list');
      return 'partial';
    case 'PartialObjectMetadataList':
      if (!isList && verb !== 'watch') {
        throw new NotAcceptable(
          served,
          'you requested PartialObjectMetadataList, but the requested object is not a list',
        );
      }
      return 'partial';
    default:
      return undefined;
  }
}

/** What is wanted most comes first; what is not wanted at all is left out. */
export function entriesOf(accept: string | undefined): AcceptEntry[] {
  return (accept || '*/*')
    .split(',')
    .map((entry): AcceptEntry => {
      const [mediaType = '', ...pairs] = entry.split(';').map((part) => part.trim());
      const parameters = Object.fromEntries(
        pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
      const quality = Number(parameters.q ?? 1);
      return { mediaType: mediaType.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}
