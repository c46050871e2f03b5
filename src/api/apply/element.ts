// The elements of a path into an object, as field sets name them: "f:name", k:{"name":"web"}, v:"text". And a path as
// errors name it: .spec.containers[name="web"].image
import { isFields } from '../meta.ts';
import type { ListMap } from './structure.ts';

export const fieldElement = (name: string) => `f:${name}`;

export function itemElement(list: ListMap, item: unknown): string {
  const fields = isFields(item) ? item : {};
  let text = 'k:{';
  for (const key of list.keys) {
    const value = fields[key] ?? list.defaultKey(key);
    text += `${text.length > 3 ? ',' : ''}${JSON.stringify(key)}:${JSON.stringify(value)}`;
  }
  return `${text}}`;
}

export const valueElement = (value: unknown) => `v:${JSON.stringify(value)}`;

/** The items of a list by their elements, in order. Items with the same element stand together. */
export function itemsByElement(
  elementOf: (item: unknown) => string,
  items: readonly unknown[],
): Map<string, unknown[]> {
  const byElement = new Map<string, unknown[]>();
  for (const item of items) {
    const element = elementOf(item);
    const same = byElement.get(element);
    if (same) same.push(item);
    else byElement.set(element, [item]);
  }
  return byElement;
}

export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

export function elementText(element: string): string {
  const content = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${content}`;
    case 'k':
      return `[${keyTexts(content).join(',')}]`;
    case 'v':
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

function keyTexts(content: string): string[] {
  return Object.entries(JSON.parse(content) as object).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

/** Whether a set that came from outside has elements that can be read. */
export function isFieldSet(value: unknown): boolean {
  if (!isFields(value)) return false;
  return Object.entries(value).every(([element, node]) => isElement(element) && isFieldSet(node));
}

function isElement(element: string): boolean {
  if (element === '.' || element.startsWith('f:')) return true;
  if (element.startsWith('i:')) return /^i:-?\d+$/.test(element);
  if (!element.startsWith('k:') && !element.startsWith('v:')) return false;
  try {
    const value: unknown = JSON.parse(element.slice(2));
    return element.startsWith('v:') || isFields(value);
  } catch {
    return false;
  }
}
