// The claim that a volume has made for its pod: nothing but labels, annotations and a claim's spec.

import { checkLabels } from '../../label-rules.ts';
import { validateAnnotations } from '../../metadata-rules.ts';
import { type Causes, forbidden } from '../../validation.ts';
import { type ClaimSpec, validateClaimSpec } from '../claim-spec.ts';
import type { Volume } from './types.ts';

type ClaimTemplate = NonNullable<NonNullable<Volume['ephemeral']>['volumeClaimTemplate']>;

export function* validateClaimTemplate({ metadata = {}, spec }: ClaimTemplate, path: string): Causes {
  const { annotations, labels, ...others } = metadata;
  yield* validateAnnotations(annotations, `${path}.metadata.annotations`);
  yield* checkLabels(`${path}.metadata.labels`, labels);
  for (const [field, value] of Object.entries(others)) {
    if (value) yield forbidden(`${path}.metadata.${field}`, 'cannot be set for an ephemeral volume');
  }
  yield* validateClaimSpec(spec as ClaimSpec, `${path}.spec`);
}
