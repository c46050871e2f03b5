// What a type's objects look like as protobuf: the generated schema's fields, joined with their numbers.
import { typeNamed } from '../openapi/schema.ts';
import type { ObjectType, Scalar, Type } from '../openapi/type.ts';
import { fieldNumbers } from './field-numbers.ts';

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
  const declared = declarations().get(type.name);
  if (!declared) return undefined;
  const message = new DeclaredMessage(declared, type);
  messages.set(type, message);
  return message;
}

const messages = new Map<ObjectType, Message>();

/** Whether Go keeps the field behind a pointer, so that its zero differs from nothing; undefined for an unknown field. */
export function isPointerField({ name }: ObjectType, field: string): boolean | undefined {
  return pointerIn(declarations().get(name) ?? [], packageOf(name), field);
}

function pointerIn(declared: readonly Declaration[], inPackage: string, field: string): boolean | undefined {
  for (const { name, mark, message, isInlined } of declared) {
    const found = isInlined
      ? pointerIn(declarations().get(`${inPackage}.${message}`) ?? [], inPackage, field)
      : name === field
        ? mark === '?'
        : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A field as the table of numbers declares it. */
interface Declaration {
  number: number;
  name: string;
  mark: '' | '?' | '!';
  message: string | undefined;
  isInlined: boolean;
}

let read: ReadonlyMap<string, readonly Declaration[]> | undefined;

/** By the full name of the type; read at the first need. */
function declarations(): ReadonlyMap<string, readonly Declaration[]> {
  read ??= readDeclarations(fieldNumbers);
  return read;
}

function readDeclarations(table: string): Map<string, Declaration[]> {
  const found = new Map<string, Declaration[]>();
  let inPackage = '';
  for (const line of table.split('\n')) {
    if (!line.startsWith(' ')) {
      inPackage = line;
      continue;
    }
    const [name = '', ...fields] = line.trim().split(' ');
    let number = 0;
    found.set(
      `${inPackage}.${name}`,
      fields.map((text) => {
        const declaration = readField(text, number + 1);
        number = declaration.number;
        return declaration;
      }),
    );
  }
  return found;
}

const fieldForm = /^(?:(\d+)=)?(\+?)([\w$-]+)([?!]?)(?::(\w+))?$/;

function readField(text: string, nextNumber: number): Declaration {
  const match = fieldForm.exec(text);
  if (!match) throw new Error(`the table of field numbers has a field that cannot be read: ${text}`);
  const [, number, plus, name = '', mark, message] = match;
  return {
    number: number ? Number(number) : nextNumber,
    name,
    mark: mark as Declaration['mark'],
    message: plus ? name : message,
    isInlined: plus === '+',
  };
}

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
    const declared = declarations().get(`${packageOf(holder.name)}.${message}`) ?? [];
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

const packageOf = (name: string) => name.slice(0, name.lastIndexOf('.'));
