// The fields that an object of a JSON text has more than once: whoever reads the text keeps the last and knows of no other.
// The text has been read before, so that it is known to be JSON.

interface Holder {
  /** "spec.containers[0]" */
  path: string;
  /** Of an object; a list has none. */
  seen: Set<string> | undefined;
  /** Whether the next text is the name of a field. */
  isNameNext: boolean;
  /** Of the field, or the place in a list, at which the reading is. */
  at: string | number;
}

/** Each once, by its path: "spec.containers[0].image". */
export function repeatedFields(text: string): string[] {
  const repeated = new Set<string>();
  const holders: Holder[] = [];
  let holder: Holder | undefined;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '{':
      case '[': {
        const isObject = text[index] === '{';
        const path: string = holder ? pathIn(holder) : '';
        holder = { path, seen: isObject ? new Set() : undefined, isNameNext: isObject, at: isObject ? '' : 0 };
        holders.push(holder);
        break;
      }
      case '}':
      case ']':
        holders.pop();
        holder = holders.at(-1);
        break;
      case ',':
        if (holder?.seen) holder.isNameNext = true;
        else if (holder) holder.at = Number(holder.at) + 1;
        break;
      case '"': {
        const end = endOfText(text, index);
        if (holder?.seen && holder.isNameNext) {
          const name = nameIn(text, index, end);
          Object.assign(holder, { isNameNext: false, at: name });
          if (holder.seen.has(name)) repeated.add(pathIn(holder));
          holder.seen.add(name);
        }
        index = end;
        break;
      }
    }
  }
  return [...repeated];
}

function pathIn({ path, seen, at }: Holder): string {
  if (!seen) return `${path}[${at}]`;
  return path === '' ? String(at) : `${path}.${at}`;
}

/** Where the text that begins here has its closing quote. */
function endOfText(text: string, begin: number): number {
  let end = text.indexOf('"', begin + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before--;
  return (quote - before) % 2 === 0;
}

function nameIn(text: string, begin: number, end: number): string {
  const name = text.slice(begin + 1, end);
  return name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
}
