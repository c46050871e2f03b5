// What a type's objects look like as protobuf: the generated schema's fields, joined with their numbers.
import { typeNamed } from '../openapi/schema.ts';
import type { ObjectType, Scalar, Type } from '../openapi/type.ts';
import { type Declaration, declarationsOf, packageOf } from './field-table.ts';

export interface Message {
  /** In the order of their numbers. */
  readonly fields: readonly MessageField[];
  readonly byNumber: ReadonlyMap<number, MessageField>;
}

export interface MessageField {
  readonly number: number;
  readonly name: string;
  /** Its zero is a value; of other fields it stands for nothing. */
  readonly keepsZero: boolean;
  readonly type: WireType;
}

/** What a field holds: the schema's types, and what protobuf and JSON show differently. */
export type WireType =
  | Scalar
  | ObjectType
  | { is: 'list'; of: WireType }
  | { is: 'map'; of: WireType }
  | Inlined
  | Wrapped
  | Choice;

/** One message, whose fields JSON shows among the holder's. */
interface Inlined {
  is: 'inlined';
  message: Message;
}

/** A list within a message of its own, as its field 1. */
interface Wrapped {
  is: 'wrapped';
  list: { is: 'list'; of: WireType };
}

/** A message of which one field is told, and JSON shows that one's value. The first that fits a value, or is there, is it. */
export interface Choice {
  is: 'choice';
  options: readonly { number: number; type: WireType }[];
}

/** Undefined where no numbers are known: the type doesn't travel as protobuf. */
export function messageOf(type: ObjectType): Message | undefined {
  const known = messages.get(type);
  if (known) return known;
  const declared = declarationsOf(type.name);
  if (!declared) return undefined;
  const message = new DeclaredMessage(declared, type);
  messages.set(type, message);
  return message;
}

const messages = new Map<ObjectType, Message>();

/** Its fields are joined with their types when they are first asked for: types refer to each other in circles. */
class DeclaredMessage implements Message {
  readonly #declared: readonly Declaration[];
  readonly #type: ObjectType;
  #fields: readonly MessageField[] | undefined;
  #byNumber: ReadonlyMap<number, MessageField> | undefined;

  constructor(declared: readonly Declaration[], type: ObjectType) {
    this.#declared = declared;
    this.#type = type;
  }

  get fields(): readonly MessageField[] {
    this.#fields ??= this.#declared.flatMap((declaration) => fieldOf(declaration, this.#type) ?? []);
    return this.#fields;
  }

  get byNumber(): ReadonlyMap<number, MessageField> {
    this.#byNumber ??= new Map(this.fields.map((field) => [field.number, field]));
    return this.#byNumber;
  }
}

/** Undefined for a field that the schema doesn't have: nobody sends it. */
function fieldOf(
  { number, name, mark, message, isInlined }: Declaration,
  holder: ObjectType,
): MessageField | undefined {
  if (isInlined) {
    const declared = declarationsOf(`${packageOf(holder.name)}.${message}`) ?? [];
    return { number, name, keepsZero: true, type: { is: 'inlined', message: new DeclaredMessage(declared, holder) } };
  }
  const field = holder.fields.get(name);
  return field && { number, name, keepsZero: mark !== '' || field.required, type: wireTypeOf(field.type, message) };
}

function wireTypeOf(type: Type, message: string | undefined): WireType {
  if (type.is === 'map') return { is: 'map', of: singleType(type.of, message) };
  return message === undefined ? type : singleType(type, message);
}

/** How a value travels where only one message or scalar can stand. */
function singleType(type: Type, message: string | undefined): WireType {
  const shown = shownOtherwise[message ?? ''];
  if (shown) return shown();
  return type.is === 'list' ? { is: 'wrapped', list: type } : type;
}

const jsonSchema = () => typeNamed(`${extensions}.JSONSchemaProps`) as ObjectType;

/** Messages that the schema knows as any JSON: those that hold one thing or another, and one that holds nothing. */
const shownOtherwise: Record<string, () => WireType> = {
  JSONSchemaPropsOrArray: () => choiceOf([1, jsonSchema()], [2, { is: 'list', of: jsonSchema() }]),
  JSONSchemaPropsOrBool: () => choiceOf([2, jsonSchema()], [1, { is: 'boolean' }]),
  JSONSchemaPropsOrStringArray: () => choiceOf([1, jsonSchema()], [2, { is: 'list', of: { is: 'string' } }]),
  CustomResourceSubresourceStatus: () => ({
    is: 'object',
    name: `${extensions}.CustomResourceSubresourceStatus`,
    fields: new Map(),
  }),
};

const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

function choiceOf(...options: [number, WireType][]): Choice {
  return { is: 'choice', options: options.map(([number, type]) => ({ number, type })) };
}
