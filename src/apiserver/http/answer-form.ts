// In which form a request wants its answer, and what does not depend on the bytes it is written in.
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import type { Bookmark } from '../rest/watches.ts';
import { partialNames } from '../table.ts';
import type { Representation } from './negotiation.ts';
import type { ByteForm } from './send.ts';

export interface AnswerForm extends ByteForm {
  kind: Kind;
  representation: Representation;
  includeObject: 'None' | 'Metadata' | 'Object';
  nowMs: number;
}

export function listNames({ kind, representation }: AnswerForm): { kind: string; apiVersion: string } {
  return representation === 'partial'
    ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }
    : { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) };
}

/** An object that says nothing but how far the watch has come. */
export function bookmarkObject({ revision, endsInitialEvents }: Bookmark, { kind, representation }: AnswerForm) {
  const names = representation === 'partial' ? partialNames : { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(endsInitialEvents && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
  };
  return { ...names, metadata };
}
