// Secret: configuration that is not for everyone. `stringData` is folded into `data` when it is written.
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { Served } from '../meta.ts';
import { configKeyFaults } from '../name-rules.ts';
import { type Causes, checkImmutable, checkName, invalid, required, tooLong } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { checkSealed, maxContentBytes } from './content.ts';
import { defineKind } from './kind.ts';

export type Secret = Served<ISecret>;

export const accountNameAnnotation = 'kubernetes.io/service-account.name';

function* validateSecret(secret: Secret): Causes {
  let bytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    yield* checkName(`data[${key}]`, key, configKeyFaults);
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > maxContentBytes) yield tooLong('data', maxContentBytes);
  yield* contentRules[secret.type ?? '']?.(secret) ?? [];
}

const needs = (...keys: string[]) =>
  function* ({ data = {} }: Secret): Causes {
    for (const key of keys) if (data[key] === undefined) yield required(`data[${key}]`);
  };

const needsJson = (key: string) =>
  function* ({ data = {} }: Secret): Causes {
    const content = data[key];
    if (content === undefined) return yield required(`data[${key}]`);
    const fault = jsonFault(Buffer.from(content, 'base64').toString());
    if (fault) yield invalid(`data[${key}]`, '<secret contents redacted>', fault);
  };

function jsonFault(text: string): string | undefined {
  try {
    const content = JSON.parse(text);
    const isObject = typeof content === 'object' && !Array.isArray(content);
    return isObject ? undefined : `json: cannot unmarshal ${typeof content} into an object`;
  } catch {
    return 'it is not valid JSON';
  }
}

/** How Kubernetes names the data of these types: a slip that clients have come to know. */
const oddData = 'data[%s]';

/** What a secret of a type that is known must hold. */
const contentRules: Record<string, (secret: Secret) => Causes> = {
  *'kubernetes.io/service-account-token'({ metadata }) {
    if (!metadata.annotations?.[accountNameAnnotation]) {
      yield required(`metadata.annotations[${accountNameAnnotation}]`);
    }
  },
  'kubernetes.io/dockercfg': needsJson('.dockercfg'),
  'kubernetes.io/dockerconfigjson': needsJson('.dockerconfigjson'),
  *'kubernetes.io/basic-auth'(secret) {
    const { username, password } = secret.data ?? {};
    if (username !== undefined || password !== undefined) return;
    for (const key of ['username', 'password']) yield required(`${oddData}[${key}]`);
  },
  *'kubernetes.io/ssh-auth'({ data }) {
    if (!data?.['ssh-privatekey']) yield required(`${oddData}[ssh-privatekey]`);
  },
  'kubernetes.io/tls': needs('tls.crt', 'tls.key'),
};

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
    secret.type ||= 'Opaque';
    if (!secret.stringData) return;
    const folded = Object.entries(secret.stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    secret.data = { ...secret.data, ...Object.fromEntries(folded) };
    delete secret.stringData;
  },
  validate: validateSecret,
  *validateUpdate(secret, previous) {
    yield* checkImmutable('type', secret.type, previous.type);
    yield* checkSealed(secret, previous, ['data']);
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
});
