// ValidatingWebhookConfiguration: who is asked whether to refuse what is about to be written.
import type { IValidatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration';
import type { Served } from '../meta.ts';
import { checkWebhooks, setWebhookDefaults, webhookColumns } from './admission-webhooks.ts';
import { defineKind } from './kind.ts';

export type ValidatingWebhookConfiguration = Served<IValidatingWebhookConfiguration>;

export const validatingWebhookConfigurations = defineKind<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  hasGeneration: true,
  isInert: true,
  columns: webhookColumns,
  setDefaults: ({ webhooks }) => {
    setWebhookDefaults(webhooks);
  },
  validate: ({ webhooks }) => checkWebhooks(webhooks),
});
