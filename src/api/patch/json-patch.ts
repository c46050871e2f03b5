// JSON patch (RFC 6902), as lenient as Kubernetes' own: a path need not begin with a slash, a value that is missing is null,
// what is replaced need not be there, and places in a list may be counted from its end.
import { equalJson } from '../equal-json.ts';
import { isFields } from '../meta.ts';
import { BadRequest, RequestEntityTooLarge, StatusError } from '../status.ts';

const operationsAtMost = 10_000;
/** Of all that is copied within the object. */
const copiedBytesAtMost = 3 * 1024 * 1024;

/** The operation does not fit the object. What was wrong is not told. */
class Unprocessable extends StatusError {
  constructor() {
    super(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}

type Holder = Record<string, unknown> | unknown[];

/** Changes the draft. Where an operation fails the draft is of no use any more. */
export function jsonPatch(draft: object, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    const sent = isFields(operations) ? 'object' : typeof operations;
    throw undecodable(`${sent} into Go value of type []handlers.jsonPatchOp`);
  }
  if (operations.length > operationsAtMost) {
    const told = `maximum operations in a JSON patch is ${operationsAtMost}, got ${operations.length}`;
    throw new RequestEntityTooLarge(`The allowed ${told}`);
  }
  return new Patching(draft).all(operations);
}

class Patching {
  #root: unknown;
  #copiedBytes = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  all(operations: readonly unknown[]): unknown {
    for (const operation of operations) {
      if (!isFields(operation)) throw undecodable(`${typeof operation} into Go value of type handlers.jsonPatchOp`);
      checkTexts(operation);
      this.#one(operation);
    }
    return this.#root;
  }

  #one({ op, path, from, value = null }: Record<string, unknown>): void {
    switch (op) {
      case 'add':
        add(this.#find(path), value);
        break;
      case 'remove':
        remove(this.#find(path));
        break;
      case 'replace':
        if (path === '') this.#replaceAll(value);
        else replace(this.#find(path), value);
        break;
      case 'move': {
        const source = this.#find(from);
        const moved = read(source);
        remove(source);
        add(this.#find(path), moved);
        break;
      }
      case 'copy':
        this.#copy(read(this.#find(from)), path);
        break;
      case 'test':
        test(path === '' ? this.#root : read(this.#find(path)), value);
        break;
      default:
        throw new Unprocessable();
    }
  }

  #replaceAll(value: unknown): void {
    if (typeof value !== 'object') throw new Unprocessable();
    this.#root = value;
  }

  #copy(value: unknown, path: unknown): void {
    const text = JSON.stringify(value ?? null);
    this.#copiedBytes += text.length;
    if (this.#copiedBytes > copiedBytesAtMost) throw new Unprocessable();
    add(this.#find(path), JSON.parse(text));
  }

  /** What holds the last step of the path, and that step. */
  #find(path: unknown): Place {
    if (typeof path !== 'string' || !path.includes('/')) throw new Unprocessable();
    const steps = path.split('/').slice(1).map(unescaped);
    const key = steps.pop() ?? '';
    let holder = asHolder(this.#root);
    for (const step of steps) holder = asHolder(read({ holder, key: step }));
    return { holder, key };
  }
}

function undecodable(why: string): BadRequest {
  return new BadRequest(`error decoding patch: json: cannot unmarshal ${why}`);
}

function checkTexts(operation: Record<string, unknown>): void {
  for (const name of ['op', 'path', 'from']) {
    const value = operation[name];
    if (value === undefined || value === null || typeof value === 'string') continue;
    throw undecodable(`${typeof value} into Go struct field jsonPatchOp.${name} of type string`);
  }
}

interface Place {
  holder: Holder;
  key: string;
}

const unescaped = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~');

function asHolder(value: unknown): Holder {
  if (Array.isArray(value) || isFields(value)) return value;
  throw new Unprocessable();
}

function read({ holder, key }: Place): unknown {
  if (Array.isArray(holder)) return holder[placeIn(key, holder.length - 1)];
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function add({ holder, key }: Place, value: unknown): void {
  if (!Array.isArray(holder)) set(holder, key, value);
  else if (key === '-') holder.push(value);
  else holder.splice(placeIn(key, holder.length), 0, value);
}

function replace({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder[placeIn(key, holder.length - 1)] = value;
  else set(holder, key, value);
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(placeIn(key, holder.length - 1), 1);
  else if (Object.hasOwn(holder, key)) delete holder[key];
  else throw new Unprocessable();
}

/** As a field of its own, whatever its name. */
function set(holder: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function placeIn(key: string, last: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Unprocessable();
  const place = Number(key) < 0 ? Number(key) + last + 1 : Number(key);
  if (place < 0 || place > last) throw new Unprocessable();
  return place;
}

/** What is not there is null. */
function test(found: unknown, wanted: unknown): void {
  if (!equalJson(found ?? null, wanted)) throw new Unprocessable();
}
