// Tolerations of pods and, as their counterpart, taints of nodes.

import { labelValueFaults, qualifiedNameFaults } from '../../label-rules.ts';
import { type Causes, checkName, invalid, required, unsupported } from '../../validation.ts';
import type { Toleration } from './types.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function* validateTolerations(tolerations: readonly Toleration[], at: string): Causes {
  for (const [index, toleration] of tolerations.entries()) yield* validateToleration(toleration, `${at}[${index}]`);
}

function* validateToleration(toleration: Toleration, at: string): Causes {
  const { key, value = '', tolerationSeconds } = toleration;
  const operator: string = toleration.operator ?? '';
  const effect: string = toleration.effect ?? '';
  if (key) yield* checkName(`${at}.key`, key, qualifiedNameFaults);
  else if (operator !== 'Exists') {
    const rule = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    yield invalid(`${at}.operator`, operator, rule);
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    yield invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === 'Equal' || operator === '') {
    const faults = labelValueFaults(value);
    if (faults.length > 0) yield invalid(`${at}.operator`, value, faults.join(';'));
  } else if (operator === 'Exists') {
    if (value) yield invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'");
  } else yield unsupported(`${at}.operator`, operator, ['Equal', 'Exists']);
  if (effect && !taintEffects.includes(effect)) yield unsupported(`${at}.effect`, effect, taintEffects);
}

export function* checkTaintEffect(field: string, effect: string | undefined): Causes {
  if (!effect) yield required(field);
  else if (!taintEffects.includes(effect)) yield unsupported(field, effect, taintEffects);
}
