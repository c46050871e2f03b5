// Secret: configuration that is not for everyone. `stringData` is folded into `data` when it is written.
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { Served } from '../meta.ts';
import { type Cause, forbidden, invalid } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Secret = Served<ISecret>;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const contentOf = ({ data, immutable }: Secret) => JSON.stringify([data, immutable]);

export const secrets = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  hasStatus: false,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the secret is for.', value: (secret) => secret.type ?? '' },
    {
      name: 'Data',
      type: 'string',
      description: 'How many entries there are.',
      value: ({ data }) => Object.keys(data ?? {}).length,
    },
    ageColumn,
  ],
  setDefaults: (secret) => {
    secret.type ??= 'Opaque';
    if (!secret.stringData) return;
    const folded = Object.entries(secret.stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    secret.data = { ...secret.data, ...Object.fromEntries(folded) };
    delete secret.stringData;
  },
  validate: ({ data }): Cause[] =>
    Object.entries(data ?? {}).flatMap(([key, value]) =>
      base64.test(value) ? [] : [invalid(`data[${key}]`, '<omitted>', 'must be base64 encoded')],
    ),
  validateUpdate: (secret, previous) => {
    const causes: Cause[] = [];
    if (secret.type !== previous.type) causes.push(invalid('type', secret.type, 'field is immutable'));
    if (previous.immutable && contentOf(secret) !== contentOf(previous)) {
      causes.push(forbidden('data', 'field is immutable when `immutable` is set'));
    }
    return causes;
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
});
