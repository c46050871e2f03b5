// RuntimeClass: a way to run pods, what it costs beside them, and where it can be had.

import { isDeepStrictEqual } from 'node:util';
import type { IRuntimeClass } from 'kubernetes-models/node.k8s.io/v1/RuntimeClass';
import { checkLabels } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { checkAmount, checkContainerResourceName, roundResources } from '../resource-names.ts';
import {
  type Cause,
  checkImmutable,
  checkName,
  checkOneOf,
  dnsLabelFaults,
  duplicate,
  invalid,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type RuntimeClass = Served<IRuntimeClass>;
type Scheduling = NonNullable<RuntimeClass['scheduling']>;

function* validateScheduling({ nodeSelector, tolerations = [] }: Scheduling): Iterable<Cause> {
  yield* checkLabels('scheduling.nodeSelector', nodeSelector);
  for (const [index, toleration] of tolerations.entries()) {
    const at = `scheduling.tolerations[${index}]`;
    const { key = '', operator = 'Equal', value = '', effect, tolerationSeconds } = toleration;
    if (key === '' && operator !== 'Exists') {
      yield invalid(
        `${at}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (operator === 'Exists' && value !== '') {
      yield invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'");
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      yield invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    yield* checkOneOf(`${at}.operator`, operator, ['Equal', 'Exists']);
    yield* checkOneOf(`${at}.effect`, effect || undefined, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
    if (tolerations.slice(0, index).some((other) => isDeepStrictEqual(other, toleration))) {
      yield duplicate(at, toleration);
    }
  }
}

export const runtimeClasses = defineKind<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  columns: [
    nameColumn,
    {
      name: 'Handler',
      type: 'string',
      description: 'What the container runtime knows this way of running by.',
      value: ({ handler }) => handler ?? '',
    },
    ageColumn,
  ],
  setDefaults: ({ overhead }) => roundResources(overhead?.podFixed),
  validate: function* ({ handler = '', overhead, scheduling }) {
    yield* checkName('handler', handler, dnsLabelFaults);
    for (const [name, amount] of Object.entries(overhead?.podFixed ?? {})) {
      yield* checkContainerResourceName(`overhead.podFixed[${name}]`, name);
      yield* checkAmount(`overhead.podFixed[${name}]`, name, amount);
    }
    if (scheduling) yield* validateScheduling(scheduling);
  },
  validateUpdate: ({ handler }, previous) => checkImmutable('handler', handler, previous.handler),
});
