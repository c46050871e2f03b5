// In which form an answer is wanted: the object itself, a table for people, or metadata only.
import { NotAcceptable } from '../../api/status.ts';

export type Representation = 'object' | 'table' | 'partial';

/** The first entry of an Accept header that can be served. */
export function representationOf(accept: string | undefined): Representation {
  if (!accept) return 'object';
  for (const entry of accept.split(',')) {
    const [mediaType = '', ...parameters] = entry.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*'].includes(mediaType)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice('as='.length);
    const version = parameters.find((parameter) => parameter.startsWith('v='))?.slice('v='.length) ?? 'v1';
    if (as === undefined) return 'object';
    if (version !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'partial';
  }
  throw new NotAcceptable(['application/json']);
}
