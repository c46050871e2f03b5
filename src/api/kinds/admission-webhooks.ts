// What the two kinds of configurations of admission webhooks have in common: nearly everything.
import type { IMutatingWebhook } from 'kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhook';
import { checkLabelSelector } from '../label-rules.ts';
import type { KubeObject } from '../meta.ts';
import { checkFullyQualifiedName } from '../name-rules.ts';
import {
  type Cause,
  checkName,
  checkOneOf,
  dns1035LabelFaults,
  duplicate,
  invalid,
  required,
  unsupported,
} from '../validation.ts';
import { checkWebhookAddress, setWebhookAddressDefaults } from '../webhook-address.ts';
import { checkMatchConditions, checkRule, failurePolicies, matchPolicies, setRuleDefaults } from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import type { Column } from './kind.ts';

/** One that only validates has no reinvocation policy. */
type Webhook = IMutatingWebhook;

interface WithWebhooks extends KubeObject {
  webhooks?: Omit<Webhook, 'reinvocationPolicy'>[];
}

export const webhookColumns: Column<WithWebhooks>[] = [
  nameColumn,
  {
    name: 'Webhooks',
    type: 'integer',
    description: 'How many webhooks there are.',
    value: ({ webhooks }) => webhooks?.length ?? 0,
  },
  ageColumn,
];

const reviewVersions = ['v1', 'v1beta1'];
const harmless = ['None', 'NoneOnDryRun'];

export function setWebhookDefaults(webhooks: WithWebhooks['webhooks'] = []): void {
  for (const webhook of webhooks) {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= 10;
    setRuleDefaults(webhook.rules);
    setWebhookAddressDefaults(webhook.clientConfig ?? {});
  }
}

export function* checkWebhooks(webhooks: Webhook[] = []): Iterable<Cause> {
  for (const [index, webhook] of webhooks.entries()) {
    const at = `webhooks[${index}]`;
    yield* checkWebhook(webhook, at);
    yield* checkReviewVersions(webhook.admissionReviewVersions, `${at}.admissionReviewVersions`);
    if (webhook.name && webhooks.slice(0, index).some(({ name }) => name === webhook.name)) {
      yield duplicate(`${at}.name`, webhook.name);
    }
  }
}

function* checkWebhook(webhook: Webhook, at: string): Iterable<Cause> {
  const { sideEffects, timeoutSeconds } = webhook;
  yield* checkFullyQualifiedName(`${at}.name`, webhook.name);
  for (const [index, rule] of (webhook.rules ?? []).entries()) yield* checkRule(rule, `${at}.rules[${index}]`);
  yield* checkOneOf(`${at}.failurePolicy`, webhook.failurePolicy, failurePolicies);
  yield* checkOneOf(`${at}.matchPolicy`, webhook.matchPolicy, matchPolicies);
  if (sideEffects === undefined) yield required(`${at}.sideEffects`, `must specify one of ${harmless.join(', ')}`);
  else if (!harmless.includes(sideEffects)) yield unsupported(`${at}.sideEffects`, sideEffects, harmless);
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    yield invalid(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds');
  }
  yield* checkLabelSelector(`${at}.namespaceSelector`, webhook.namespaceSelector);
  yield* checkLabelSelector(`${at}.objectSelector`, webhook.objectSelector);
  yield* checkOneOf(`${at}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']);
  yield* checkWebhookAddress(webhook.clientConfig ?? {}, `${at}.clientConfig`);
  yield* checkMatchConditions(webhook.matchConditions, `${at}.matchConditions`);
}

function* checkReviewVersions(versions: string[] = [], at: string): Iterable<Cause> {
  if (versions.length === 0) return yield required(at, `must specify one of ${reviewVersions.join(', ')}`);
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) yield invalid(`${at}[${index}]`, version, 'duplicate version');
    else yield* checkName(`${at}[${index}]`, version, dns1035LabelFaults);
  }
  if (!versions.some((version) => reviewVersions.includes(version))) {
    yield invalid(at, versions, `must include at least one of ${reviewVersions.join(', ')}`);
  }
}
