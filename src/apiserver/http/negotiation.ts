// In which form an answer is wanted: the object itself, a table for people, or metadata only; and in which encoding.
import { NotAcceptable } from '../../api/status.ts';
import type { RestVerb } from '../rest/request.ts';

export type Representation = 'object' | 'table' | 'partial';
export type Encoding = 'json' | 'yaml';

export interface Wanted {
  representation: Representation;
  encoding: Encoding;
}

const encodings: Record<string, Encoding> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
};
const served = ['application/json', 'application/yaml'];

interface AcceptEntry {
  mediaType: string;
  parameters: Record<string, string>;
  quality: number;
}

/** The best that can be served of what an Accept header asks for. */
export function wantedOf(accept: string | undefined, verb: RestVerb): Wanted {
  for (const { mediaType, parameters } of entriesOf(accept)) {
    const encoding = encodings[mediaType];
    if (!encoding) continue;
    if (parameters.as === undefined) return { representation: 'object', encoding };
    const representation = representationOf(parameters, verb);
    if (representation) return { representation, encoding };
  }
  throw new NotAcceptable(served);
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

function representationOf({ as, v = 'v1' }: Record<string, string>, verb: RestVerb): Representation | undefined {
  if (v !== 'v1') return undefined;
  const isList = verb === 'list' || verb === 'deletecollection';
  switch (as) {
    case 'Table':
      return 'table';
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
function entriesOf(accept: string | undefined): AcceptEntry[] {
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
