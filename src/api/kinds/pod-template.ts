// The template from which workloads make their pods, completed and checked as a pod is but for what is settled later;
// and PodTemplate, a kind that is nothing but one.

import type { IPodTemplate } from 'kubernetes-models/v1/PodTemplate';
import { checkLabels } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { validateAnnotations } from '../metadata-rules.ts';
import { mapSelectorText } from '../selector.ts';
import { type Causes, forbidden, required } from '../validation.ts';
import { nameColumn, orNone, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { validateAgreement, validatePodAnnotations } from './pod-spec/annotations.ts';
import { setPodSpecDefaults } from './pod-spec/defaults.ts';
import { validatePodSpec } from './pod-spec/pod-spec.ts';
import type { PodTemplateSpec } from './pod-spec/types.ts';
import { warningsForPodSpec } from './pod-spec/warnings.ts';

export type { Container, PodSpec, PodTemplateSpec } from './pod-spec/types.ts';

/** Completes the template of whatever makes pods. */
export function setPodTemplateDefaults(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

/** All that is wrong with a template of pods, wherever it stands. */
export function* validatePodTemplate(template: PodTemplateSpec | undefined, at: string): Causes {
  if (!template) return yield required(at);
  const { metadata = {}, spec = { containers: [] } } = template;
  yield* checkLabels(`${at}.labels`, metadata.labels);
  yield* validateAnnotations(metadata.annotations, `${at}.annotations`);
  yield* validatePodAnnotations(metadata.annotations ?? {}, spec, `${at}.annotations`);
  yield* validatePodSpec(spec, `${at}.spec`, { isPod: false });
  yield* validateAgreement(metadata, spec, `${at}.spec`);
  if (spec.ephemeralContainers?.length) {
    yield forbidden(`${at}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

/** What a template's writer should know although it is valid. */
export function warningsForPodTemplate(template: PodTemplateSpec | undefined, at: string): string[] {
  return template?.spec ? [...warningsForPodSpec(template.spec, template.metadata ?? {}, at)] : [];
}

export type PodTemplate = Served<IPodTemplate>;

const [containersColumn, imagesColumn] = templateColumns<PodTemplate>(
  ({ template }) => template,
  () => '',
);

export const podTemplates = defineKind<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
  hasStatus: false,
  hasGeneration: true,
  createsOnUpdate: true,
  showsDeleted: true,
  columns: [
    nameColumn,
    ...[containersColumn, imagesColumn].flatMap((column) => (column ? [{ ...column, priority: 0 }] : [])),
    {
      name: 'Pod Labels',
      type: 'string',
      description: 'The labels of the pods.',
      value: ({ template }) => orNone(mapSelectorText(template?.metadata?.labels)),
    },
  ],
  setDefaults: (object) => {
    object.template ??= {};
    setPodTemplateDefaults(object.template);
  },
  validate: ({ template }) => validatePodTemplate(template, 'template'),
  warningsFor: ({ template }) => warningsForPodTemplate(template, 'template'),
});
