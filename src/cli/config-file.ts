// The configuration file: a key for each flag, named as the flag is. What is said on the command line or in the environment
// comes first; what the file says comes before the defaults.
import { existsSync, readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { parse } from 'yaml';
import { UsageError } from './options.ts';

export const defaultConfigFile = '/etc/wherry/config.yaml';

/** Gives the file's values to a command and to those below it. The file need not exist unless it was named. */
export function applyConfigFile(program: Command, command: Command): void {
  const all = [command, ...descendants(command)];
  // Who asks for the version need not have a right configuration.
  if (!all.some(({ options }) => options.some(isConfigurable))) return;
  const file = program.getOptionValue('config') as string;
  const isNamed = program.getOptionValueSource('config') !== 'default';
  if (!existsSync(file)) {
    if (isNamed) throw new UsageError(`the configuration file ${file} does not exist`);
    return;
  }
  const values = readConfig(readFileSync(file, 'utf8'), file, configurable(program));
  for (const each of all) {
    for (const option of each.options) {
      const value = values.get(keyOf(option));
      if (isConfigurable(option) && value !== undefined)
        each.setOptionValueWithSource(option.attributeName(), value, 'config');
    }
  }
}

/** The options that the environment and the file may set, by their key. */
export function configurable(program: Command): Map<string, Option> {
  const options = descendants(program).flatMap((command) => command.options);
  return new Map(options.filter(isConfigurable).map((option) => [keyOf(option), option]));
}

/** Throws UsageError for what it does not know or understand, with the place and the way out. */
export function readConfig(text: string, file: string, known: ReadonlyMap<string, Option>): Map<string, unknown> {
  const values = Object.entries(readContent(text, file)).map(([key, value]): [string, unknown] => {
    return [key, settingOf(knownOption(key, file, known), value, `${file}: ${key}`)];
  });
  return new Map(values);
}

/** As it is written, by key. */
export function readContent(text: string, file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    throw new UsageError(`${file} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new UsageError(`${file} must be a list of KEY: VALUE lines`);
  return content as Record<string, unknown>;
}

export function knownOption(key: string, file: string, known: ReadonlyMap<string, Option>): Option {
  const option = known.get(key);
  if (option) return option;
  throw new UsageError(`${file}: unknown key ${JSON.stringify(key)}${suggestion(key, [...known.keys()])}`);
}

function settingOf(option: Option, value: unknown, place: string): unknown {
  if (option.isBoolean()) {
    if (typeof value !== 'boolean') throw new UsageError(`${place} must be true or false`);
    return value;
  }
  const texts = (Array.isArray(value) ? value : [value]).map((part) => {
    if (typeof part === 'string' || typeof part === 'number') return String(part);
    throw new UsageError(`${place} must be a string or a number${takesList(option) ? ', or a list of them' : ''}`);
  });
  if (Array.isArray(value) && !takesList(option)) throw new UsageError(`${place} takes one value, not a list`);
  if (!option.parseArg) return texts[0];
  try {
    const parsed: unknown = option.parseArg(texts.join(','), undefined);
    // A copy, which a flag replaces: its own lists it would add to.
    return Array.isArray(parsed) ? [...parsed] : parsed;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`${place}: ${JSON.stringify(value)} is invalid: ${error.message}`);
  }
}

export const takesList = (option: Option): boolean => Array.isArray(option.defaultValue);
const keyOf = (option: Option): string => option.long?.slice(2) ?? '';
const isConfigurable = (option: Option): boolean => option.envVar !== undefined && option.long !== '--config';

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}

function suggestion(key: string, known: string[]): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .sort((one, other) => one.distance - other.distance);
  return nearest ? `; the nearest known one is ${JSON.stringify(nearest.candidate)}` : '';
}

/** How many letters must be put in, taken out or changed to make one word of the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
