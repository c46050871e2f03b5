// Every type of the Kubernetes API that is served, from the generated schema. A type is made at its first use.
import { schema } from './generated/schema.js';
import type { Field, ObjectType, ScalarName, Type } from './type.ts';

/** Of each type its fields, with the marks "!" and "~" where required or without a zero, and what they hold: a scalar, a type, [T] or {T}. */
const declared = JSON.parse(schema) as Record<string, Record<string, string>>;

const made = new Map<string, ObjectType>();

export function typeNamed(name: string): ObjectType | undefined {
  const known = made.get(name);
  if (known) return known;
  const fields = declared[name];
  if (!fields) return undefined;
  const type = new DeclaredType(name, fields);
  made.set(name, type);
  return type;
}

/** The type of a kind's objects; undefined for a kind that Kubernetes doesn't have. */
export function typeOfKind({ group, version, kind }: { group: string; version: string; kind: string }) {
  return typeNamed(`${packageOf(group)}.${version}.${kind}`);
}

export function typeNames(): string[] {
  return Object.keys(declared);
}

export const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const packagesOfTheirOwn: Record<string, string> = {
  '': 'io.k8s.api.core',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

function packageOf(group: string): string {
  return packagesOfTheirOwn[group] ?? `io.k8s.api.${group.split('.')[0]}`;
}

/** Fields are read when they are first asked for: types refer to each other in circles. */
class DeclaredType implements ObjectType {
  readonly is = 'object';
  readonly name: string;
  readonly #declared: Record<string, string>;
  #fields: Map<string, Field> | undefined;

  constructor(name: string, fields: Record<string, string>) {
    this.name = name;
    this.#declared = fields;
  }

  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= new Map(
      Object.entries(this.#declared).map(([name, type]) => {
        const mark = name.at(-1);
        const required = mark === '!';
        const isZeroNothing = mark === '~';
        return [name.replace(/[!~]$/, ''), { type: readType(type), required, isZeroNothing }];
      }),
    );
    return this.#fields;
  }
}

function readType(text: string): Type {
  const inner = text.slice(1, -1);
  if (text.startsWith('[')) return { is: 'list', of: readType(inner) };
  if (text.startsWith('{')) return { is: 'map', of: readType(inner) };
  return typeNamed(text) ?? { is: text as ScalarName };
}
