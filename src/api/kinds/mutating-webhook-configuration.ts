// MutatingWebhookConfiguration: who is asked to complete or refuse what is about to be written.
import type { IMutatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration';
import type { Served } from '../meta.ts';
import { checkWebhooks, setWebhookDefaults, webhookColumns } from './admission-webhooks.ts';
import { defineKind } from './kind.ts';

export type MutatingWebhookConfiguration = Served<IMutatingWebhookConfiguration>;

export const mutatingWebhookConfigurations = defineKind<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  hasGeneration: true,
  isInert: true,
  columns: webhookColumns,
  setDefaults: ({ webhooks }) => {
    setWebhookDefaults(webhooks);
    for (const webhook of webhooks ?? []) webhook.reinvocationPolicy ??= 'Never';
  },
  validate: ({ webhooks }) => checkWebhooks(webhooks),
});
