// wherry config: the configuration file as programs read and write it, of which the installer is one. What people wrote there stays as they
// wrote it, comments and all, but for the settings that are told.
import type { Command, Option } from 'commander';
import { parseDocument } from 'yaml';
import { readFileIfThere, writeFileWhole } from '../base/files.ts';
import { configurable, knownOption, readConfig, readContent, takesList } from './config-file.ts';
import { UsageError } from './options.ts';

/** The file, and what may stand in it. */
export interface ConfigText {
  text: string;
  file: string;
  known: ReadonlyMap<string, Option>;
}

/** What the file says of a setting, else its default: as it is told on the command line. */
export function settingIn({ text, file, known }: ConfigText, key: string): string {
  const { defaultValue, defaultValueDescription } = knownOption(key, file, known);
  return asTold(readContent(text, file)[key] ?? defaultValueDescription ?? defaultValue ?? '');
}

/**
 * The text with settings, each as KEY=VALUE, in place of what it said of them. One that takes a list may be told more than once, as a flag
 * may. As a start they are for a file that says nothing of any of them.
 */
export function withSettings(
  { text, file, known }: ConfigText,
  told: readonly string[],
  { isStart = false } = {},
): string {
  const content = readContent(text, file);
  const document = parseDocument(text);
  const wanted = Map.groupBy(told.map(keyAndValue), ([key]) => key);
  if (isStart && wanted.keys().some((key) => key in content)) return text;
  for (const [key, pairs] of wanted) {
    const values = pairs.map(([, value]) => value);
    const value = asWritten(knownOption(key, file, known), values);
    if (key in content && asTold(content[key]) === asTold(value)) wanted.delete(key);
    else document.set(key, value);
  }
  // Where nothing is new nothing moves, however it was put.
  const result = wanted.size === 0 ? text : document.toString({ lineWidth: 0, flowCollectionPadding: false });
  readConfig(result, file, known);
  return result;
}

function keyAndValue(pair: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
  if (key === undefined || value === undefined) throw new UsageError(`${JSON.stringify(pair)} is not KEY=VALUE`);
  return [key, value];
}

const asTold = (value: unknown): string => [value].flat().join(',');

/** In YAML as people write it: 7443 is a number, and several names are a list. */
function asWritten(option: Option, texts: readonly string[]): unknown {
  if (takesList(option)) return texts.flatMap((text) => text.split(',')).filter((name) => name !== '');
  const text = texts.at(-1) ?? '';
  if (option.isBoolean() && /^(true|false)$/.test(text)) return text === 'true';
  return String(Number(text)) === text ? Number(text) : text;
}

export function addConfigCommand(program: Command): void {
  const config = program.command('config').description('read and write the configuration file');
  const readText = async (): Promise<ConfigText> => {
    const file = program.getOptionValue('config') as string;
    return { text: (await readFileIfThere(file)) ?? '', file, known: configurable(program) };
  };
  config
    .command('get <key>')
    .description('print what the configuration file says of a setting, else its default')
    .action(async (key: string) => console.log(settingIn(await readText(), key)));
  config
    .command('set <settings...>')
    .usage('[options] KEY=VALUE...')
    .summary('write settings into the configuration file')
    .option('--unless-set', 'only where the file says nothing of any of them yet')
    .description(
      `Write settings into the configuration file. All else in it stays as it is, comments, too, and nothing is written where anything is
wrong. A list takes the place of the one that is there. Programs that run take a setting up when they are started anew.`,
    )
    .action(async (told: string[], { unlessSet }: { unlessSet?: boolean }) => {
      const config = await readText();
      const text = withSettings(config, told, { isStart: unlessSet === true });
      if (text !== config.text) await writeFileWhole(config.file, text);
    });
}
