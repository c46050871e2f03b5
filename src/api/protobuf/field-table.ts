// The table of field numbers, read: what it declares of each message.
import { fieldNumbers } from './field-numbers.ts';

export interface Declaration {
  number: number;
  name: string;
  /** "?" for a pointer, "!" where JSON shows a zero, too. */
  mark: '' | '?' | '!';
  /** The message as which it travels, where JSON shows it differently. */
  message: string | undefined;
  /** JSON shows the message's fields among the holder's. */
  isInlined: boolean;
}

/** The fields of a type, by its full name. */
export function declarationsOf(typeName: string): readonly Declaration[] | undefined {
  table ??= readTable(fieldNumbers);
  return table.get(typeName);
}

/** Read at the first need. */
let table: ReadonlyMap<string, readonly Declaration[]> | undefined;

/** The fields as JSON shows them: those of inlined messages among the type's own. */
export function shownFieldsOf(typeName: string): Declaration[] {
  return (declarationsOf(typeName) ?? []).flatMap((field) =>
    field.isInlined ? shownFieldsOf(`${packageOf(typeName)}.${field.message}`) : [field],
  );
}

/** Whether Go keeps the field behind a pointer, so that its zero differs from nothing; undefined for an unknown field. */
export function isPointerField(typeName: string, field: string): boolean | undefined {
  const declared = shownFieldsOf(typeName).find(({ name }) => name === field);
  return declared && declared.mark === '?';
}

export const packageOf = (typeName: string) => typeName.slice(0, typeName.lastIndexOf('.'));

function readTable(text: string): Map<string, Declaration[]> {
  const found = new Map<string, Declaration[]>();
  let inPackage = '';
  for (const line of text.split('\n')) {
    if (!line.startsWith(' ')) {
      inPackage = line;
      continue;
    }
    const [name = '', ...fields] = line.trim().split(' ');
    let number = 0;
    const declarations = fields.map((field) => {
      const declaration = readField(field, number + 1);
      number = declaration.number;
      return declaration;
    });
    found.set(`${inPackage}.${name}`, declarations);
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
